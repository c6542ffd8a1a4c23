-- Locks: sandbox tenants. Keeps a sandbox clock still until the commit, so that due times are counted by one clock. It comes before
-- events and effects in the lock order, because a step of the clock locks them after the tenant too. $1 tenants.
select t.id from engine.tenant t where t.sandbox and t.id = any ($1::text[]) order by t.id for share
