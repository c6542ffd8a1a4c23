select to_regproc($1) is not null as there
