-- Locks: events.
-- Marks these events, which the caller has locked and found live. Gives those whose kind is one of $3.
-- $1 events, $2 cancellation, $3 kinds of event whose domains have a `cancelled` hook.
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
