-- How many shards a deployment has: as many as the first process says that asks. A deployment from before there were shards has one.
-- KEYS[1] shards   KEYS[2] capabilities   KEYS[3] types: of these, one that has worked has at least one
-- ARGV[1] how many the process was told
-- Returns how many there are.
local written = redis.call('GET', KEYS[1])
if written then return written end
local shards = redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 and '1' or ARGV[1]
redis.call('SET', KEYS[1], shards)
return shards
