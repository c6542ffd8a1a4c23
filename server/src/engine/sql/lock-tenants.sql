-- Locks: sandbox tenants. A sandbox clock does not move between this and the commit: what falls due is counted by the clock as
-- it then is. Comes before events and effects, which the clock's step locks after the tenant too. $1 tenants.
select t.id from engine.tenant t where t.sandbox and t.id = any ($1::text[]) order by t.id for share
