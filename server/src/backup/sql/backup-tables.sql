-- Without generated columns: they are computed again at the restore.
select n.nspname as schema, c.relname as name,
  array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated = '') as columns
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = any ($1::text[]) and c.relkind = 'r'
group by n.nspname, c.relname
order by n.nspname collate "C", c.relname collate "C"
