select nspname as schema
from pg_catalog.pg_namespace
where nspname = any ($1::text[])
order by nspname collate "C"
