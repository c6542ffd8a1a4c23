-- Locks: ended effects. A dead effect that another one takes the place of; it stays as it is. Found by its id: see revive.
-- $1 effect, $2 tenant, $3 the other one.
update engine.ended d set replaced_by = $3::uuid
where d.id = $1 and d.tenant = $2 and coalesce(d.ending) = 'dead' and d.cancellation_id is null and d.replaced_by is null
returning d.id
