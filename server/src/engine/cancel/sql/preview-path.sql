-- The path from an event up to the nearest one that the cancel names, the event itself first. If the last row is no target, the event is
-- not below any. $1 event, $2 tenant, $3 target by id, $4 key, $5 entity.
with recursive path as (
  select 0 as steps, e.id, e.parent_id, e.link, e.cancellation_id,
    e.id = $3 or (e.key = $4 and e.entity = $5 and e.cancellation_id is null) as is_target
  from engine.event e
  where e.id = $1 and e.tenant = $2
  union all
  select c.steps + 1, e.id, e.parent_id, e.link, e.cancellation_id,
    e.id = $3 or (e.key = $4 and e.entity = $5 and e.cancellation_id is null)
  from path c
  cross join lateral (select * from engine.event e where e.id = c.parent_id offset 0) e
  where c.is_target is not true
)
select id, link, cancellation_id, coalesce(is_target, false) as is_target from path order by steps
