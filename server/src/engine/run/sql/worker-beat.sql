-- A heartbeat. No row comes back: the lease ran out, and another process may have taken over. $1 now, $2 worker, $3 lease in ms.
update engine.worker set alive_until = coalesce($1::timestamptz, clock_timestamp()) + $3::double precision * interval '1 millisecond'
where id = $2 and alive_until >= coalesce($1::timestamptz, clock_timestamp())
returning id
