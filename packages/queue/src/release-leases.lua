-- Gives back all that an orchestrator holds, and only that.
-- KEYS[1] zset of live orchestrators   KEYS[2] what refresh-leases.lua knows of schemas   KEYS[3..] owner:<partition>
-- ARGV[1] the owner   ARGV[2] its schema's version
-- Returns how many were given back.
redis.call('ZREM', KEYS[1], ARGV[1] .. ' ' .. ARGV[2])
local released = 0
for position = 3, #KEYS do
  if redis.call('GET', KEYS[position]) == ARGV[1] then
    redis.call('DEL', KEYS[position])
    released = released + 1
  end
end
return released
