-- Registers a version of a workflow type. A version's content never changes. Of too many versions the lowest goes; its definition stays for those who
-- run it, without an expiry, as one that was forgotten (forgotten-definitions.ts).
--
-- KEYS[1]  type:<name>, hash of version to definition hash
-- KEYS[2]  def:<hash>
-- KEYS[3]  types, set of names
-- ARGV     version, definition hash, definition JSON, name, how many versions a type may have, how many types there may be
-- returns  1: registered; 0: the same content was registered before; -1: the version has other content; -2: there is no room for it

local existing = redis.call('HGET', KEYS[1], ARGV[1])
if existing then
  return existing == ARGV[2] and 0 or -1
end
if redis.call('SISMEMBER', KEYS[3], ARGV[4]) == 0 and redis.call('SCARD', KEYS[3]) >= tonumber(ARGV[6]) then
  return -2
end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then
  local lowest
  for _, version in ipairs(redis.call('HKEYS', KEYS[1])) do
    if not lowest or tonumber(version) < tonumber(lowest) then lowest = version end
  end
  if tonumber(ARGV[1]) < tonumber(lowest) then
    return -2
  end
  redis.call('HDEL', KEYS[1], lowest)
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
-- SET takes away the expiry that the definition has if a workflow brought it as its own.
redis.call('SET', KEYS[2], ARGV[3])
redis.call('SADD', KEYS[3], ARGV[4])
return 1
