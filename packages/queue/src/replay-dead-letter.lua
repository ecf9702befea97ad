-- A dead letter goes back into its stream, at the end. First the write that may be refused, then the one that takes it away.
-- KEYS[1] dead   KEYS[2] the stream that it came from
-- ARGV[1] its id   ARGV[2..] the fields of its entry, as they stood there
-- Returns 1: it is back; 0: it is not among the dead any more.
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then
  return 0
end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
redis.call('XDEL', KEYS[1], ARGV[1])
return 1
