-- Whether a tenant has nothing due and nothing that a worker runs; and whether it is on hold, in which case it never becomes quiet.
-- $1 now, $2 tenant.
select not exists (
  select from engine.effect f
  where f.tenant = $2 and f.due_at <= coalesce($1::timestamptz, clock_timestamp()) and f.state in ('pending', 'running')) as quiet,
  exists (select from engine.hold h where $2 <> all (h.released_tenants)) as on_hold
