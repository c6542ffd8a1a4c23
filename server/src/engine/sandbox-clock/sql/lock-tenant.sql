-- Locks: sandbox tenants. $1 tenant.
select id from engine.tenant where id = $1 and sandbox for update
