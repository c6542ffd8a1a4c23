-- Pending effects of a tenant within a span of its clock, soonest due first. $1 tenant, $2 from and $3 until (null: open), $4 and $5
-- after this time and id (as `due` gives them), $6 how many rows are read at most.
-- There is only one lower bound. Of two, PostgreSQL would use one for the index, and read everything up to the other.
with span as materialized (
  select (coalesce($2::timestamptz, '-infinity') - c.clock_offset) at time zone 'UTC' as lower,
    (coalesce($3::timestamptz, 'infinity') - c.clock_offset) at time zone 'UTC' as upper
  from (select coalesce((select t.clock_offset from engine.tenant t where t.id = $1 and t.sandbox), '0') as clock_offset) c
)
select f.id, f.event_id, to_char((f.due_at at time zone 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as due
from engine.effect f
where f.tenant || '' = $1 and f.state = 'pending'
  and ((f.due_at at time zone 'UTC'), f.id) > ((select greatest($4::timestamp, s.lower) from span s),
    (select case when $4::timestamp >= s.lower then $5::uuid else '00000000-0000-0000-0000-000000000000' end from span s))
  and (f.due_at at time zone 'UTC') < (select s.upper from span s)
order by (f.due_at at time zone 'UTC'), f.id
limit $6
