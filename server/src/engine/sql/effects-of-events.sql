-- Every effect of these events, whatever its state; births under them are locked out. At most $3. $1 shards, $2 events.
select f.shard, f.id, f.event_id, f.tenant, f.kind, f.title, f.data, f.link, f.next, f.due_at
from unnest($1::smallint[], $2::uuid[]) as e (shard, id)
join engine.effect f on f.shard = e.shard and f.event_id = e.id
limit $3
