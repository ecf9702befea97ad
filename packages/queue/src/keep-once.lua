-- What a call of `once` has come to. The first that is kept counts, whoever comes with another; and nobody makes the time shorter that it is kept.
-- KEYS[1] the calls of the dispatch
-- ARGV[1] the key of the call   ARGV[2] what it has come to, as text   ARGV[3] for how many ms
-- Returns nil if it is kept, else what counts.
local first = redis.call('HGET', KEYS[1], ARGV[1])
if first then return first end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return false
