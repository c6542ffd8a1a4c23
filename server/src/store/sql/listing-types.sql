-- Enumerations and domains; the row types of tables are not listed.
select n.nspname as schema, t.typname as name,
  case t.typtype
    when 'e' then 'enum (' || (
      select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
      from pg_catalog.pg_enum e where e.enumtypid = t.oid) || ')'
    else 'domain ' || pg_catalog.format_type(t.typbasetype, t.typtypmod) || coalesce((
      select string_agg(' ' || pg_catalog.pg_get_constraintdef(k.oid), '' order by k.conname collate "C")
      from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype <> 'n'), '')
  end as definition
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where n.nspname = any ($1::text[]) and t.typtype in ('e', 'd')
order by n.nspname collate "C", t.typname collate "C"
