-- As lock-parents, but leaves out what a cancel holds: the settle comes back for those.
select e.shard, e.id, e.tenant, e.root_id, e.line, e.cancellation_id
from engine.event e
join unnest($1::smallint[], $2::uuid[]) as wanted (shard, id) on e.shard = any (array[wanted.shard]) and e.id = wanted.id
order by e.id
for share of e skip locked
