-- Receivers that have failed, here and maybe in other processes. $1 now; then by position: $2 tenants, $3 kinds, $4 receivers,
-- $5 since when, as ms ago, $6 the last time, as ms ago, $7 how often, $8 errors.
insert into delivery.failing_receiver as r (tenant, kind, receiver, failing_since, last_failure_at, failures, last_error)
select f.tenant, f.kind, f.receiver, coalesce($1::timestamptz, clock_timestamp()) - f.since * interval '1 millisecond',
  coalesce($1::timestamptz, clock_timestamp()) - f.last * interval '1 millisecond', f.failures, f.error
from (
  select unnest($2::text[]) as tenant, unnest($3::text[]) as kind, unnest($4::text[]) as receiver, unnest($5::double precision[]) as since,
    unnest($6::double precision[]) as last, unnest($7::int[]) as failures, unnest($8::text[]) as error
) f
on conflict (tenant, kind, receiver) do update set
  failing_since = least(r.failing_since, excluded.failing_since), last_failure_at = greatest(r.last_failure_at, excluded.last_failure_at),
  failures = least(r.failures::bigint + excluded.failures, 2147483647)::int, last_error = excluded.last_error
