-- Locks: events. Deletes events that have no effect left and are in no receipt. $1 ids, $2 before.
delete from engine.event e
using unnest($1::uuid[]) as w (id)
where e.id = any (array[w.id]) and e.created_at < $2
  and (select f.id from engine.effect f where f.event_id = e.id limit 1) is null
  and (select d.id from engine.ended d where d.event_id = e.id limit 1) is null
  and (select c.id from engine.cancellation c where c.target_event = e.id limit 1) is null
  and (select c.id from engine.cancellation c where c.id = e.cancellation_id) is null
returning e.shard, e.id, e.tenant, e.kind, e.key, e.entity
