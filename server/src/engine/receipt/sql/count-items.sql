-- Items of a receipt by outcome; inner steps do not count. $1 cancellation.
with noted as materialized (
  select n.effect_id, n.outcome, n.by_cancellation, coalesce(d.touches_world, f.touches_world) as touches_world
  from engine.receipt_item n
  left join engine.ended d on d.id = any (array[n.effect_id])
  left join engine.effect f on f.id = any (array[n.effect_id])
  where n.cancellation_id = $1
), inner_before as materialized (
  -- Effects that an earlier cancellation prevented on the fast path are in the row of that cancellation only. It tells which of them are
  -- inner steps. Each such row is read once.
  select (p.item ->> 'id')::uuid as id
  from (select distinct n.by_cancellation as id from noted n where n.touches_world is null) b
  cross join lateral (select c.prevented from engine.cancellation c where c.id = b.id and c.prevented is not null offset 0) c
  cross join lateral json_array_elements(c.prevented) as p (item)
  where not (p.item ->> 'touches_world')::boolean
)
select outcome, count(*)::int as items from (
  select d.ending as outcome from engine.ended d where d.cancellation_id = $1 and d.touches_world
  union all
  select 'stopping' from engine.effect f where f.cancellation_id = $1 and f.touches_world
  union all
  select 'prevented' from engine.cancellation c cross join lateral json_array_elements(c.prevented) as p (item)
  where c.id = $1 and c.prevented is not null and (p.item ->> 'touches_world')::boolean
  union all
  select n.outcome from noted n
  where coalesce(n.touches_world, n.effect_id not in (select id from inner_before))
) i group by outcome
