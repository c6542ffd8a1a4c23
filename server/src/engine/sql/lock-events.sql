-- Lock, then look: the look is the next statement, whose snapshot is younger than every lock taken here. $1 shards, $2 ids.
select e.shard, e.id, e.tenant, e.kind, e.key, e.entity, e.parent_id, e.link, e.root_id, e.title, e.data, e.correlation_id,
  e.created_at, e.cancellation_id, e.birth
from engine.event e
join unnest($1::smallint[], $2::uuid[]) as wanted (shard, id) on e.shard = any (array[wanted.shard]) and e.id = wanted.id
order by e.id
for update of e
