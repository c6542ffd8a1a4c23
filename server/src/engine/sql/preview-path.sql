-- From an event up to the first one that the cancel names, the event itself first. The last one is no target: the event does
-- not hang from any. $1 shard, $2 event, $3 tenant, $4 target by id, $5 key, $6 entity.
with recursive path as (
  select 0 as steps, e.id, e.parent_id, e.link, e.cancellation_id,
    e.id = $4 or (e.key = $5 and e.entity = $6 and e.cancellation_id is null) as is_target
  from engine.event e
  where e.shard = $1 and e.id = $2 and e.tenant = $3
  union all
  select c.steps + 1, e.id, e.parent_id, e.link, e.cancellation_id,
    e.id = $4 or (e.key = $5 and e.entity = $6 and e.cancellation_id is null)
  from path c
  join engine.event e on e.shard = any (array[$1::smallint]) and e.id = c.parent_id
  where c.is_target is not true
)
select id, link, cancellation_id, coalesce(is_target, false) as is_target from path order by steps
