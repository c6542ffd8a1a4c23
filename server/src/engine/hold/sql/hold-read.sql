-- The hold, and whether all of a tenant was released. $1 tenant.
select h.since, h.backup_at, h.placed_by, h.reason, h.partly, $1::text = any (h.released_tenants) as tenant_released
from engine.hold h
