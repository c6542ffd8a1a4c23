-- The index of a constraint is listed with the constraint.
select n.nspname as schema, c.relname as relation, pg_catalog.pg_get_indexdef(i.indexrelid) as definition
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class x on x.oid = i.indexrelid
where n.nspname = any ($1::text[])
  and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.conrelid = c.oid)
order by n.nspname collate "C", c.relname collate "C", x.relname collate "C"
