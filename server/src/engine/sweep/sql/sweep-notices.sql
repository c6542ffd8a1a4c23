-- Locks: ended effects. Notices of these cancellations that ended long ago. $1 cancellations, $2 before, $3 most.
with old as (
  select x.id
  from unnest($1::uuid[]) as c (id)
  -- `offset 0` makes the planner begin with these cancellations, and not with every effect that ever ended.
  cross join lateral (select d.id from engine.ended d where d.notice_of = c.id and d.at < $2 offset 0) x
  limit $3
)
delete from engine.ended d using old o where d.id = any (array[o.id]) and d.at < $2
returning d.shard, d.id
