-- Receivers that are to be warned of now; one process says so. Once is no more than an accident. $1 now, $2 failing for so long, ms.
update delivery.failing_receiver r set warned_at = coalesce($1::timestamptz, clock_timestamp())
where r.warned_at is null and r.failures > 1
  and r.failing_since <= coalesce($1::timestamptz, clock_timestamp()) - $2::double precision * interval '1 millisecond'
returning r.tenant, r.kind, r.receiver, r.failing_since, r.last_failure_at, r.failures, r.last_error, true as warned
