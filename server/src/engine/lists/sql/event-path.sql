-- From an event's parent up to its root, the parent first, at most $3 steps; each with the link by which the one below hangs from it.
-- $1 event, $2 tenant.
with recursive path as (
  select 0 as steps, e.id, e.parent_id, null::text as link, e.link as own_link, e.kind, e.title, e.data, e.app, e.cancellation_id
  from engine.event e
  where e.id = $1 and e.tenant = $2
  union all
  select c.steps + 1, e.id, e.parent_id, c.own_link, e.link, e.kind, e.title, e.data, e.app, e.cancellation_id
  from path c
  cross join lateral (select * from engine.event e where e.id = c.parent_id offset 0) e
  where c.steps < $3
)
select id, link, kind, title, data, app, cancellation_id from path where steps > 0 order by steps
