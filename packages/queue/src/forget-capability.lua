-- Forgets a capability that nobody uses: all of its keys, unless there is anything in its queue or its streams by now.
-- KEYS[1] capabilities   KEYS[2] capabilities.idle
-- KEYS[3..2 + ARGV[2]] what must be empty: lists, sorted sets, streams   KEYS[3 + ARGV[2]..] what goes with it
-- ARGV[1] the capability   ARGV[2] how many keys must be empty
-- returns 1: forgotten; 0: it is used again, and nothing was changed
local emptyCount = tonumber(ARGV[2])
for index = 3, 2 + emptyCount do
  local kind = redis.call('TYPE', KEYS[index]).ok
  -- Redis keeps no list or sorted set that is empty, but it keeps a stream.
  if kind ~= 'none' and not (kind == 'stream' and redis.call('XLEN', KEYS[index]) == 0) then
    return 0
  end
end
for index = 3, #KEYS do
  redis.call('UNLINK', KEYS[index])
end
redis.call('SREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
