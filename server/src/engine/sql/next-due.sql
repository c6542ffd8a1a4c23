-- Milliseconds until the next effect falls due, by the database's clock; no row when none does within the longest sleep.
-- $1 now, $2 free slots of the lanes in use (an object), $3 kinds, $4 places left of the tenants that have some (an object).
select extract(epoch from (f.due_at - coalesce($1::timestamptz, clock_timestamp()))) * 1000 as ms
from engine.effect f
where f.due_at <= (select coalesce($1::timestamptz, clock_timestamp()) + interval '1 minute')
  and f.state = 'pending'
  -- On hold: as in start.sql.
  and (select not exists (select from engine.hold h where not h.partly))
  and ((select not exists (select from engine.hold)) or f.released
    or f.tenant = any ((select h.released_tenants from engine.hold h)::text[]))
  and f.kind = any ($3::text[]) and coalesce(($2::jsonb ->> f.lane)::int, 1) > 0 and coalesce(($4::jsonb ->> f.tenant)::int, 1) > 0
order by f.due_at
limit 1
