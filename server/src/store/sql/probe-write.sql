-- Refused where nothing may be written: of a standby, and where transactions are read-only. Finds no row, so it costs no more than a look.
update public.standdown_migration set name = name where number = -1
