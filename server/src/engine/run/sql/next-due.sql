-- Milliseconds until the next effect falls due that a slot is free for, by the database's clock; no row when none falls due within the
-- longest sleep. $1 now, $2 free slots of the lanes in use (an object), $3 kinds, $4 slots left of the tenants in use (an object).
select extract(epoch from (f.due_at - coalesce($1::timestamptz, clock_timestamp()))) * 1000 as ms
from (
(select f.due_at
from engine.effect f
where f.due_at <= (select coalesce($1::timestamptz, clock_timestamp()) + interval '1 minute')
  and f.state = 'pending'
  -- As in start.sql: while on hold no row is read here; while partly on hold, the part below reads what was released.
  and (select not exists (select from engine.hold))
  and f.kind = any ($3::text[]) and coalesce(($2::jsonb ->> f.lane)::int, 1) > 0 and coalesce(($4::jsonb ->> f.tenant)::int, 1) > 0
order by f.due_at
limit 1)
union all
(select f.due_at
from engine.effect f
where f.released and f.state = 'pending' and (select exists (select from engine.hold h where h.partly))
  and (f.due_at at time zone 'UTC') <= (select (coalesce($1::timestamptz, clock_timestamp()) + interval '1 minute') at time zone 'UTC')
  and f.kind = any ($3::text[]) and coalesce(($2::jsonb ->> f.lane)::int, 1) > 0 and coalesce(($4::jsonb ->> f.tenant)::int, 1) > 0
order by (f.due_at at time zone 'UTC')
limit 1)
union all
select f.due_at
from (select unnest(h.released_tenants) as id from engine.hold h where h.partly) t
cross join lateral (
  select f.due_at
  from engine.effect f
  where (f.tenant || '') = t.id and f.state = 'pending'
    and (f.due_at at time zone 'UTC') <= (select (coalesce($1::timestamptz, clock_timestamp()) + interval '1 minute') at time zone 'UTC')
    and f.kind = any ($3::text[]) and coalesce(($2::jsonb ->> f.lane)::int, 1) > 0 and coalesce(($4::jsonb ->> f.tenant)::int, 1) > 0
  order by (f.due_at at time zone 'UTC')
  limit 1) f
) f
order by f.due_at
limit 1
