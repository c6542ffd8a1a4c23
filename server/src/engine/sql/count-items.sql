-- Items of a receipt by outcome; inner steps are no items. $1 cancellation.
select outcome, count(*)::int as items from (
  select d.ending as outcome from engine.ended d where d.cancellation_id = $1 and d.touches_world
  union all
  select 'stopping' from engine.effect f where f.cancellation_id = $1 and f.touches_world
  union all
  select 'prevented' from engine.cancellation c cross join lateral json_array_elements(c.prevented) as p (item)
  where c.id = $1 and c.prevented is not null and (p.item ->> 'touches_world')::boolean
  union all
  select n.outcome
  from engine.receipt_item n
  left join engine.ended d on d.id = any (array[n.effect_id])
  left join engine.effect f on f.id = any (array[n.effect_id])
  where n.cancellation_id = $1 and coalesce(d.touches_world, f.touches_world, true)
) i group by outcome
