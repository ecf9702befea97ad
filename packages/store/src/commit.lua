-- Writes if a workflow is still as it was read: everything of a commit or nothing of it.
-- It knows no domain: what is to be written is composed, and tested, in commit-writes.ts. Each write is one command on one key.
--
-- KEYS[1]      the workflow's hash
-- KEYS[n + 1]  the key of write n
-- ARGV[1]      the revision that was read; '0': the workflow must not exist. With '@<schema version>', from 2 on: of who writes.
--              What an older version has written may be written on, what a newer one has may not
-- ARGV[2...]   per write: how many words follow, the command, its arguments after the key
-- returns      1: written; 0: the revision is another one, nothing was written

local stored = redis.call('HGET', KEYS[1], 'revision') or '0'
if stored ~= ARGV[1] then
  local revision, version = string.match(ARGV[1], '^(%d+)@(%d+)$')
  local storedRevision, storedVersion = string.match(stored, '^(%d+)@?(%d*)$')
  if revision ~= storedRevision or tonumber(version) < (tonumber(storedVersion) or 1) then
    return 0
  end
end
local at = 2
for write = 2, #KEYS do
  local last = at + tonumber(ARGV[at])
  redis.call(ARGV[at + 1], KEYS[write], unpack(ARGV, at + 2, last))
  at = last + 1
end
return 1
