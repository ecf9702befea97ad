-- Keeps a blob. A hash that is new expires, until a commit refers to something in it.
--
-- KEYS[1]  the workflow's blobs
-- ARGV[1]  the hash; ARGV[2] the text; ARGV[3] after how many ms a new one expires

local isNew = redis.call('EXISTS', KEYS[1]) == 0
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
if isNew then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
