-- Locks: effects. What was released under an earlier hold. It is little, and has an index of its own.
with old as (select f.id from engine.effect f where f.released order by f.id for update of f)
update engine.effect f set released = false from old o where f.id = any (array[o.id]) and f.released
