-- The retry settings of a tenant. $1 tenant.
select t.retry_plans from engine.tenant t where t.id = $1
