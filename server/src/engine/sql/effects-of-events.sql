-- Every effect of these events, whatever its state; births under them are locked out. At most $3. $1 shards, $2 events.
select f.*
from unnest($1::smallint[], $2::uuid[]) as e (shard, id)
cross join lateral (
  select f.shard, f.id, f.event_id, f.tenant, f.kind, f.title, f.data, f.link, f.next, f.due_at
  from engine.effect f where f.shard = e.shard and f.event_id = e.id offset 0) f
limit $3
