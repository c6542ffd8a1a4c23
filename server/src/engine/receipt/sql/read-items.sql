-- Items of a receipt by effect id, after $3, at most $4. Three sources: the rows of ended or running effects; the cancellation's own row
-- (for what the fast path prevented); and engine.receipt_item, for effects that had ended, are kept, or were called off before: it
-- says how each stood then. $1 cancellation, $2 tenant.
with noted as materialized (
  select n.* from engine.receipt_item n where n.cancellation_id = $1 and n.effect_id > $3 order by n.effect_id limit $4
), before as materialized (
  -- Effects that an earlier cancellation prevented on the fast path are in the row of that cancellation only. Each such row is read once.
  select (p.item ->> 'id')::uuid as id, p.item
  from (select distinct n.by_cancellation as id from noted n where n.by_cancellation is not null) b
  cross join lateral (select c.prevented from engine.cancellation c where c.id = b.id and c.prevented is not null offset 0) c
  cross join lateral json_array_elements(c.prevented) as p (item)
)
select i.* from (
  (select d.id as effect_id, d.ending as outcome, null::text as ending, d.at, d.evidence, d.error, null::uuid as by_cancellation,
     d.event_id, d.kind, d.title, d.due_shown as due_at, d.next, d.touches_world
   from engine.ended d
   where d.cancellation_id = $1 and d.tenant = $2 and d.id > $3
   order by d.id limit $4)
  union all
  (select f.id, 'stopping', null, null, f.evidence, null, null, f.event_id, f.kind, f.title, f.due_shown, f.next, f.touches_world
   from engine.effect f where f.cancellation_id = $1 and f.tenant = $2 and f.id > $3
   order by f.id limit $4)
  union all
  (select (p.item ->> 'id')::uuid, 'prevented', null, c.at, null, p.item ->> 'error', null, (p.item ->> 'event_id')::uuid, p.item ->> 'kind',
     p.item ->> 'title', (p.item ->> 'due_shown')::timestamptz, array(select json_array_elements_text(coalesce(p.item -> 'next', '[]'))),
     (p.item ->> 'touches_world')::boolean
   from engine.cancellation c cross join lateral json_array_elements(c.prevented) as p (item)
   where c.id = $1 and c.tenant = $2 and c.prevented is not null and (p.item ->> 'id')::uuid > $3)
  union all
  (select n.effect_id, n.outcome, n.ending, n.at, n.evidence, null, n.by_cancellation,
     coalesce(d.event_id, f.event_id, (q.item ->> 'event_id')::uuid), coalesce(d.kind, f.kind, q.item ->> 'kind'),
     coalesce(d.title, f.title, q.item ->> 'title'), coalesce(d.due_shown, f.due_shown, (q.item ->> 'due_shown')::timestamptz),
     coalesce(d.next, f.next), coalesce(d.touches_world, f.touches_world, (q.item ->> 'touches_world')::boolean)
   from noted n
   left join engine.ended d on d.id = any (array[n.effect_id])
   left join engine.effect f on f.id = any (array[n.effect_id])
   left join before q on q.id = n.effect_id and d.id is null and f.id is null
   where coalesce(d.tenant, f.tenant, $2) = $2 and (d.id is not null or f.id is not null or q.item is not null))
) i
order by i.effect_id
limit $4
