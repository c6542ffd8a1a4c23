-- Locks: effects. Lets these go while the rest stays on hold: what is pending may be started; what was running at the backup may be
-- brought to its end by rescue. The hold is locked. $1 tenant, $2 effects.
with mine as (
  select f.id from engine.effect f where f.id = any ($2::uuid[]) and f.tenant = $1 and not f.released order by f.id for update of f
)
update engine.effect f set released = true from mine m where f.id = any (array[m.id])
returning f.id
