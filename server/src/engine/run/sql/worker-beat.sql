-- $1 now, $2 worker, $3 lease ms. No row: the lease ran out, and another may have taken over.
update engine.worker set alive_until = coalesce($1::timestamptz, clock_timestamp()) + $3::double precision * interval '1 millisecond'
where id = $2 and alive_until >= coalesce($1::timestamptz, clock_timestamp())
returning id
