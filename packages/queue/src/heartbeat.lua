-- An agent is alive: by the clock of Redis, so that the clocks of the agents need not agree.
-- What it says of trees is summed up here, where it is said, so that who cuts trees reads one line for each capability, not one for each agent.
-- KEYS[1] agent:<id>   KEYS[2] agents, score = last heartbeat   KEYS[3] capabilities
-- KEYS[4] partners, '<capability> <trust domain>', score = when nobody has said so any more
-- KEYS[5..] two for each capability: agents.<capability>, trees.<capability> (those of them that can take part in a tree), score = when the agent counts as gone
-- ARGV[1] the agent's id   ARGV[2] its entry as JSON   ARGV[3] ms until it counts as gone
-- ARGV[4] its trust domain, empty: it can take part in no tree   ARGV[5..] its capabilities, in the order of KEYS
local id, ttl, domain = ARGV[1], tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[2], 'PX', ttl)
redis.call('ZADD', KEYS[2], now, id)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 100 * ttl)
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
for position = 5, #ARGV do
  local capability = ARGV[position]
  local agents, trees = KEYS[2 * position - 5], KEYS[2 * position - 4]
  redis.call('SADD', KEYS[3], capability)
  redis.call('ZADD', agents, now + ttl, id)
  redis.call('ZREMRANGEBYSCORE', agents, '-inf', now)
  if domain ~= '' then
    redis.call('ZADD', trees, now + ttl, id)
    redis.call('ZREMRANGEBYSCORE', trees, '-inf', now)
    -- All who serve it can, or it cannot: whoever takes a subtask of a tree must know what to do with it.
    if redis.call('ZCARD', agents) == redis.call('ZCARD', trees) then
      redis.call('ZADD', KEYS[4], now + ttl, capability .. ' ' .. domain)
    else
      redis.call('ZREM', KEYS[4], capability .. ' ' .. domain)
    end
  end
end
