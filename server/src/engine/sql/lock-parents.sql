-- A birth first locks the event that it is born under. The row that comes back is the one that was locked, however long
-- the wait. $1 shards, $2 ids.
select e.shard, e.id, e.tenant, e.root_id, e.line, e.cancellation_id
from engine.event e
join unnest($1::smallint[], $2::uuid[]) as wanted (shard, id) on e.shard = any (array[wanted.shard]) and e.id = wanted.id
order by e.id
for share of e
