-- $1 now, $2 worker: only if it has not come back to life.
delete from engine.worker where id = $2 and alive_until < coalesce($1::timestamptz, clock_timestamp())
