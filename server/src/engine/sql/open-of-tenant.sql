-- How many open cancellations a tenant has. $1 tenant.
select count(*)::int as open from engine.open_cancellation o where o.tenant = $1 and o.shard = o.home
