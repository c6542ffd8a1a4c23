-- Locks: hold.
-- One release at a time. $1 tenant.
select $1::text = any (h.released_tenants) as tenant_released, h.sequence from engine.hold h for update
