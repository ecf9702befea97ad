-- Removes the counter of a type of which nothing runs and nothing is listed.
--
-- KEYS[1]    active, hash of type to how many have not ended
-- KEYS[2..]  the lists of that type, one for each status
-- ARGV[1]    the type
-- returns    1: removed

local count = redis.call('HGET', KEYS[1], ARGV[1])
if not count or tonumber(count) ~= 0 then
  return 0
end
for position = 2, #KEYS do
  if redis.call('EXISTS', KEYS[position]) == 1 then
    return 0
  end
end
return redis.call('HDEL', KEYS[1], ARGV[1])
