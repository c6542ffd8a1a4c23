-- Receivers that have worked since they began to fail, here or in another process. $1 now; then by position: $2 tenants, $3 kinds, $4 receivers, $5 how long ago
-- each of them worked, ms.
with w as (
  select unnest($2::text[]) as tenant, unnest($3::text[]) as kind, unnest($4::text[]) as receiver, unnest($5::double precision[]) as ago
)
delete from delivery.failing_receiver r using w
where r.tenant = w.tenant and r.kind = w.kind and r.receiver = w.receiver
  and r.failing_since <= coalesce($1::timestamptz, clock_timestamp()) - w.ago * interval '1 millisecond'
returning r.tenant, r.kind, r.receiver, r.failing_since, r.last_failure_at, r.failures, r.last_error, r.warned_at is not null as warned
