-- Which partitions have something to be looked at. Asked four times a second by every orchestrator, mostly in vain: so it is one command, not two for each.
--
-- KEYS     for each partition: its deadlines, its outbox
-- ARGV     deadlines up to this time, outbox entries before this time
-- returns  the positions of those partitions, from 0

local due = {}
for position = 1, #KEYS, 2 do
  if redis.call('ZCOUNT', KEYS[position], '-inf', ARGV[1]) > 0 or redis.call('ZCOUNT', KEYS[position + 1], '-inf', '(' .. ARGV[2]) > 0 then
    due[#due + 1] = (position - 1) / 2
  end
end
return due
