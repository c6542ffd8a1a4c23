-- Locks: ended effects. Notes at a dead effect which effect replaces it; the rest of the row stays. It is found by its id, for the reason
-- that revive.sql gives. $1 effect, $2 tenant, $3 the new effect.
update engine.ended d set replaced_by = $3::uuid
where d.id = $1 and d.tenant = $2 and coalesce(d.ending) = 'dead' and d.cancellation_id is null and d.replaced_by is null
returning d.id
