-- contype n: not null, which PostgreSQL 18 lists here too; our listing shows it with its column. t: a trigger's.
select n.nspname as schema, c.relname as relation, k.conname as name, pg_catalog.pg_get_constraintdef(k.oid) as definition
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1::text[]) and k.contype not in ('n', 't')
order by n.nspname collate "C", c.relname collate "C", k.contype = 'p' desc, k.conname collate "C"
