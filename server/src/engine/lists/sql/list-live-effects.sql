-- Effects of a tenant that are pending, or wait for an answer from outside, soonest due first. The last row that was read is given even if
-- it does not fit, as `stop`. $1 tenant, $2 state, $3 and $4 after this time and id (as `due` gives them), $5 how many rows are read at most,
-- $6 how many are given at most, $7 kind, $8 receiver (null: any), $9 from and $10 until, on the tenant's clock.
-- There is only one lower bound. Of two, PostgreSQL would use one for the index, and read everything up to the other.
with span as materialized (
  select case when $2 = 'waiting' then 'infinity' else (coalesce($9::timestamptz, '-infinity') - c.clock_offset) at time zone 'UTC' end as lower,
    case when $2 = 'waiting' then 'infinity' else (coalesce($10::timestamptz, 'infinity') - c.clock_offset) at time zone 'UTC' end as upper
  from (select coalesce((select t.clock_offset from engine.tenant t where t.id = $1 and t.sandbox), '0') as clock_offset) c
)
select x.*
from (
  select l.*, m.fits, l.n = $5 as stop
  from (
    select r.*, row_number() over () as n
    from (
      select f.id, f.event_id, f.notice_of, f.tenant, f.kind, f.title, f.lane, f.state::text as state,
        case when f.state = 'pending' then f.due_at + (select coalesce((select t.clock_offset from engine.tenant t where t.id = $1 and t.sandbox), '0')) else f.due_shown end as due_shown, f.started_at, f.attempt,
        f.last_error as error, f.data,
        case when f.due_at = 'infinity' then 'infinity' else to_char((f.due_at at time zone 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end as due
      from engine.effect f
      where f.tenant || '' = $1
        and ((f.due_at at time zone 'UTC'), f.id) > ((select greatest($3::timestamp, s.lower) from span s),
          (select case when $3::timestamp >= s.lower then $4::uuid else '00000000-0000-0000-0000-000000000000' end from span s))
        and (f.due_at at time zone 'UTC') <= (select s.upper from span s)
      order by (f.due_at at time zone 'UTC'), f.id limit $5
    ) r
  ) l
  cross join lateral (
    select l.state = $2 and ($7::text is null or l.kind = $7)
      and ($8::text is null or l.lane = l.tenant || ' ' || l.kind || ' ' || $8
        -- The data is parsed as JSON only if its text contains the receiver.
        or strpos(lower(l.data::text), '@' || $8) > 0
          and right(lower(coalesce(l.data -> 'to' ->> 'address', l.data ->> 'to')), length($8) + 1) = '@' || $8) as fits
  ) m
  where m.fits or l.n = $5
  limit $6
) x
order by x.n
