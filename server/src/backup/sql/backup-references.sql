-- A table's reference to itself is checked at the end of the statement that fills it.
select distinct n.nspname || '.' || c.relname as "from", fn.nspname || '.' || f.relname as "to"
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class f on f.oid = k.confrelid
join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
where n.nspname = any ($1::text[]) and k.contype = 'f' and c.oid <> f.oid
