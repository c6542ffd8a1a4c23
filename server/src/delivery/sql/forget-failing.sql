-- Receivers that nothing was sent to for long, and of a tenant that has very many those that failed longest ago.
-- $1 now, $2 nothing for so long, ms, $3 most of a tenant.
delete from delivery.failing_receiver r
using (
  select f.tenant, f.kind, f.receiver, f.last_failure_at, row_number() over (partition by f.tenant order by f.last_failure_at desc) as n
  from delivery.failing_receiver f
) o
where r.tenant = o.tenant and r.kind = o.kind and r.receiver = o.receiver
  and (o.n > $3::int or o.last_failure_at < coalesce($1::timestamptz, clock_timestamp()) - $2::double precision * interval '1 millisecond')
returning r.tenant, r.kind, r.receiver, r.failing_since, r.last_failure_at, r.failures, r.last_error, r.warned_at is not null as warned
