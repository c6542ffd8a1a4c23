insert into engine.worker (id, alive_until, host, pid)
values ($2, coalesce($1::timestamptz, clock_timestamp()) + $3::double precision * interval '1 millisecond', $4, $5)
