-- Locks these events; those that somebody else holds are left out. $1 shards, $2 ids.
select e.id
from engine.event e
join unnest($1::smallint[], $2::uuid[]) as wanted (shard, id) on e.shard = any (array[wanted.shard]) and e.id = wanted.id
for update of e skip locked
