-- Whose open cancellation is marked next: tenants by turns. Locks nothing. $1 tenants that are left out, $2 whose turn was last, or null.
select o.tenant from engine.open_cancellation o
where o.shard = o.home and o.tenant <> all ($1::text[])
order by coalesce(o.tenant <= $2::text, false), o.tenant
limit 1
