select number, name, checksum from public.standdown_migration order by number
