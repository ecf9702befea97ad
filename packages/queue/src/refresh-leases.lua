-- One orchestrator's turn at the partitions: renew, give back what exceeds the fair share, take what is free up to it.
-- KEYS[1] zset of live orchestrators, score = their last turn (ms, Redis clock)
-- KEYS[2..] owner:<partition>, partition = position - 2
-- ARGV[1] the owner   ARGV[2] lease in ms
-- Returns the partitions held now.
local owner, lease = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, owner)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - lease)
local share = math.ceil((#KEYS - 1) / redis.call('ZCARD', KEYS[1]))

local held, free = {}, {}
for position = 2, #KEYS do
  local holder = redis.call('GET', KEYS[position])
  if not holder then
    free[#free + 1] = position
  elseif holder == owner then
    if #held < share then
      redis.call('PEXPIRE', KEYS[position], lease)
      held[#held + 1] = position - 2
    else
      redis.call('DEL', KEYS[position])
    end
  end
end
for _, position in ipairs(free) do
  if #held >= share then break end
  redis.call('SET', KEYS[position], owner, 'PX', lease)
  held[#held + 1] = position - 2
end
return held
