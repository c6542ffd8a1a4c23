-- Refused where nothing can be written: by a standby, and where transactions are read-only. It finds no row, so it costs no more than a read.
update public.standdown_migration set name = name where number = -1
