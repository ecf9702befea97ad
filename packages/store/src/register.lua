-- Registers a version of a workflow type. A version's content never changes.
--
-- KEYS[1]  type:<name>, hash of version to definition hash
-- KEYS[2]  def:<hash>
-- KEYS[3]  types, set of names
-- ARGV     version, definition hash, definition JSON, name
-- returns  1: registered; 0: the same content was registered before; -1: the version has other content

local existing = redis.call('HGET', KEYS[1], ARGV[1])
if existing then
  return existing == ARGV[2] and 0 or -1
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
-- SET takes away the expiry that the definition has if a workflow brought it as its own.
redis.call('SET', KEYS[2], ARGV[3])
redis.call('SADD', KEYS[3], ARGV[4])
return 1
