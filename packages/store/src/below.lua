-- Stands before commit.lua where what may be created is limited: the same arguments, and three more at the end.
-- What exists already is left to commit.lua, so that a repeated start is told that it exists, however many there are.
--
-- ARGV[#ARGV - 2]  which of KEYS is the hash of counts, which one of the writes raises
-- ARGV[#ARGV - 1]  the field that counts
-- ARGV[#ARGV]      how many there may be
-- returns          -1: there are so many already, nothing was written; else as commit.lua

if redis.call('EXISTS', KEYS[1]) == 0
  and tonumber(redis.call('HGET', KEYS[tonumber(ARGV[#ARGV - 2])], ARGV[#ARGV - 1]) or 0) >= tonumber(ARGV[#ARGV]) then
  return -1
end
