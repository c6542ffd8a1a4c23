-- Locks: events.
-- Marks these events, which are locked and were called off by nobody. Given are those of the kinds whose room is asked.
-- $1 events, $2 cancellation, $3 kinds.
with marked as (
  update engine.event e set cancellation_id = $2
  from unnest($1::uuid[]) as w (id)
  where e.id = any (array[w.id]) and e.cancellation_id is null
  returning e.*
), newest as (
  update engine.cancellation c set newest_event = greatest(c.newest_event, m.newest)
  from (select max(sequence) as newest from marked) m
  where c.id = $2 and m.newest is not null
)
select m.shard, m.id, m.tenant, m.kind, m.key, m.entity, m.parent_id, m.link, m.root_id, m.title, m.data, m.correlation_id, m.created_at,
  null as cancellation_id
from marked m where m.kind = any ($3::text[])
