-- One orchestrator's turn at the partitions: renew, give back what exceeds the fair share, take what is free up to it.
-- What an orchestrator of a newer schema has held is written in that schema, and so is what an older one has met that it does not know: while
-- somebody lives who knows it, nobody else holds such a partition. If nobody does, all may, and leave what they do not know.
-- KEYS[1] zset of live orchestrators, '<owner> <schema version>', score = their last turn (ms, Redis clock)
-- KEYS[2] hash, partition -> schema version, from 2 on   KEYS[3..] owner:<partition>, partition = position - 3
-- ARGV[1] the owner   ARGV[2] lease in ms   ARGV[3] its schema's version   ARGV[4..] partitions in which it has met something newer
-- Returns the partitions held now.
local owner, lease, version = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, owner .. ' ' .. version)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - lease)

local versions, newest = {}, version
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local its = tonumber(string.match(member, ' (%d+)$'))
  versions[#versions + 1] = its
  newest = math.max(newest, its)
end
for index = 4, #ARGV do
  local known = tonumber(redis.call('HGET', KEYS[2], ARGV[index]) or 1)
  if known <= version then redis.call('HSET', KEYS[2], ARGV[index], version + 1) end
end
-- What a partition asks of its owner: no more than anybody alive has.
local asks, stored = {}, redis.call('HGETALL', KEYS[2])
for position = 3, #KEYS do asks[position] = 1 end
for at = 1, #stored, 2 do asks[stored[at] + 3] = math.min(newest, tonumber(stored[at + 1])) end

-- The fair share of all, or of those partitions that only some may hold, among these.
local share = 0
for _, level in ipairs(versions) do
  if level <= version then
    local partitions, able = 0, 0
    for position = 3, #KEYS do
      if asks[position] >= level or level == 1 then partitions = partitions + 1 end
    end
    for _, its in ipairs(versions) do
      if its >= level then able = able + 1 end
    end
    share = math.max(share, math.ceil(partitions / able))
  end
end
share = math.max(share, math.ceil((#KEYS - 2) / #versions))

local held, free = {}, {}
local function hold(position)
  held[#held + 1] = position - 3
  if version > 1 and asks[position] < version then redis.call('HSET', KEYS[2], position - 3, version) end
end
for position = 3, #KEYS do
  local holder = redis.call('GET', KEYS[position])
  local may = asks[position] <= version
  if not holder then
    if may then free[#free + 1] = position end
  elseif holder == owner then
    if may and #held < share then
      redis.call('PEXPIRE', KEYS[position], lease)
      hold(position)
    else
      redis.call('DEL', KEYS[position])
    end
  end
end
for _, position in ipairs(free) do
  if #held >= share then break end
  redis.call('SET', KEYS[position], owner, 'PX', lease)
  hold(position)
end
return held
