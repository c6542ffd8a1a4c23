select n.nspname as schema, c.relname as relation, pg_catalog.pg_get_triggerdef(t.oid) as definition
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1::text[]) and not t.tgisinternal
order by n.nspname collate "C", c.relname collate "C", t.tgname collate "C"
