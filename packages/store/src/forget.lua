-- Removes fields of a hash that still hold what they held when they were read.
--
-- KEYS[1]  the hash
-- ARGV     field and SHA-1 of its value, by turns
-- returns  how many were removed

local removed = 0
for position = 1, #ARGV, 2 do
  local value = redis.call('HGET', KEYS[1], ARGV[position])
  if value and redis.sha1hex(value) == ARGV[position + 1] then
    removed = removed + redis.call('HDEL', KEYS[1], ARGV[position])
  end
end
return removed
