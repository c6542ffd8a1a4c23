-- Which of these events an open cancellation covers: one in their line is its target, and was born before it.
-- Run after the gate was passed, in a statement of its own. $1 shards, $2 ids.
select distinct on (e.id) e.id, o.cancellation_id
from unnest($1::smallint[], $2::uuid[]) as wanted (shard, id)
join engine.open_cancellation o on o.shard = wanted.shard
join engine.event e on e.shard = any (array[wanted.shard]) and e.id = wanted.id and e.tenant = o.tenant
join engine.event a on a.shard = any (array[e.shard]) and a.id = any (e.line) and a.birth <= o.birth_limit
where a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity)
order by e.id, o.birth_limit
