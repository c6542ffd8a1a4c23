-- Whatever of ours exists already: our schemas, or our list of migrations.
select nspname as name from pg_catalog.pg_namespace where nspname = any ($1::text[])
union all
select 'public.standdown_migration' where to_regclass('public.standdown_migration') is not null
order by name
