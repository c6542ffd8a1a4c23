-- Sets the retry settings of a tenant. $1 tenant, $2 settings by what they are for; null: none.
update engine.tenant set retry_plans = $2::jsonb where id = $1 and retry_plans is distinct from $2::jsonb
