-- Locks: effects. Which of these effects somebody else has locked just now. The others are locked by this statement. It never waits.
-- `kind <> ''` is in no index: without it the planner walked an index that also holds the id, while the table was empty. $1 effects.
with free as materialized (
  select f.id from unnest($1::uuid[]) as w (id)
  cross join lateral (select f.id from engine.effect f where f.id = any (array[w.id]) for update skip locked) f
)
select f.id from unnest($1::uuid[]) as w (id)
cross join lateral (select f.id from engine.effect f where f.id = any (array[w.id]) and f.kind <> '' offset 0) f
where f.id not in (select id from free)
