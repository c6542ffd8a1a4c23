-- Whose open cancellation is marked next: tenants one after the other. Locks nothing. $1 tenants that are left out, $2 the tenant that
-- was served last, or null.
select o.tenant from engine.open_cancellation o
where o.shard = o.home and o.tenant <> all ($1::text[])
order by coalesce(o.tenant <= $2::text, false), o.tenant
limit 1
