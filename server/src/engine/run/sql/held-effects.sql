-- Locks: effects. Which of these somebody else holds just now; the others are locked from here on. Nobody is waited for.
-- What no index holds is asked for too: else one that also holds the id was walked while the table was empty. $1 effects.
with free as materialized (
  select f.id from unnest($1::uuid[]) as w (id)
  cross join lateral (select f.id from engine.effect f where f.id = any (array[w.id]) for update skip locked) f
)
select f.id from unnest($1::uuid[]) as w (id)
cross join lateral (select f.id from engine.effect f where f.id = any (array[w.id]) and f.kind <> '' offset 0) f
where f.id not in (select id from free)
