-- relkind: r table, p partitioned table, v view, m materialized view, S sequence.
select n.nspname as schema, c.relname as relation, c.relkind as kind, c.relpersistence as persistence,
  coalesce(array_to_string(c.reloptions, ', '), '') as options, a.attname as name,
  pg_catalog.format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required, a.attidentity as identity,
  a.attgenerated as generated, pg_catalog.pg_get_expr(d.adbin, d.adrelid) as expression
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where n.nspname = any ($1::text[]) and c.relkind in ('r', 'p', 'v', 'm')
order by n.nspname collate "C", c.relname collate "C", a.attnum
