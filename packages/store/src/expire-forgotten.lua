-- Gives a definition an expiry, unless a type has it by now: then it stays for ever.
-- KEYS[1] type:<name>, hash of version to definition hash   KEYS[2] def:<hash>
-- ARGV[1] version   ARGV[2] definition hash   ARGV[3] ms
-- Returns 1: it expires; 0: it is registered, or expires already.
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
  return 0
end
return redis.call('PEXPIRE', KEYS[2], ARGV[3], 'NX')
