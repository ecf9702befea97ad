-- An agent is alive: by the clock of Redis, so that the clocks of the agents need not agree.
-- KEYS[1] agent:<id>   KEYS[2] agents, score = last heartbeat   KEYS[3] capabilities
-- KEYS[4..] agents.<capability>, score = when the agent counts as gone
-- ARGV[1] the agent's id   ARGV[2] its entry as JSON   ARGV[3] ms until it counts as gone   ARGV[4..] its capabilities, in the order of KEYS
local id, ttl = ARGV[1], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[2], 'PX', ttl)
redis.call('ZADD', KEYS[2], now, id)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 100 * ttl)
for position = 4, #KEYS do
  redis.call('SADD', KEYS[3], ARGV[position])
  redis.call('ZADD', KEYS[position], now + ttl, id)
  redis.call('ZREMRANGEBYSCORE', KEYS[position], '-inf', now)
end
