-- Locks: effects. Releases these effects while the rest stays on hold: pending ones may be started, those that were running at the backup
-- may be ended by rescue. The caller has locked the hold. $1 tenant, $2 effects.
with mine as (
  select f.id from engine.effect f where f.id = any ($2::uuid[]) and f.tenant = $1 and not f.released order by f.id for update of f
)
update engine.effect f set released = true from mine m where f.id = any (array[m.id])
returning f.id
