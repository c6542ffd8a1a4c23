-- Events that have no effect left and that no receipt is about. $1 shards, $2 ids, $3 before.
delete from engine.event e
using unnest($1::smallint[], $2::uuid[]) as w (shard, id)
where e.shard = any (array[w.shard]) and e.id = w.id and e.created_at < $3
  and (select f.id from engine.effect f where f.shard = e.shard and f.event_id = e.id limit 1) is null
  and (select c.id from engine.cancellation c where c.target_event = e.id limit 1) is null
  and (select c.id from engine.cancellation c
    where c.shard = (('x' || substr(e.cancellation_id::text, 17, 2))::bit(8)::int) and c.id = e.cancellation_id) is null
returning e.shard, e.id, e.tenant, e.kind, e.key, e.entity
