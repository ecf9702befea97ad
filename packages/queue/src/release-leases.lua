-- Gives back all that an orchestrator holds, and only that.
-- KEYS[1] zset of live orchestrators   KEYS[2..] owner:<partition>
-- ARGV[1] the owner
-- Returns how many were given back.
redis.call('ZREM', KEYS[1], ARGV[1])
local released = 0
for position = 2, #KEYS do
  if redis.call('GET', KEYS[position]) == ARGV[1] then
    redis.call('DEL', KEYS[position])
    released = released + 1
  end
end
return released
