-- Locks: effects. Clears what was marked as released under an earlier hold. These rows are few and have an index of their own.
with found as materialized (
  select f.id from engine.effect f where f.released order by (f.due_at at time zone 'UTC')
), old as (
  select f.id from (select f.id from found f order by f.id) o cross join lateral (
    select f.id from engine.effect f where f.id = any (array[o.id]) and f.released for update of f) f
)
update engine.effect f set released = false from old o where f.id = any (array[o.id]) and f.released
