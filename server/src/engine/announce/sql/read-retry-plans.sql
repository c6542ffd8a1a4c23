-- What a tenant says of retries. $1 tenant.
select t.retry_plans from engine.tenant t where t.id = $1
