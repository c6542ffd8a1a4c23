select to_regclass('public.standdown_migration') is not null as found
