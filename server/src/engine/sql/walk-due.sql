-- What of a tenant is pending, soonest due first, within a span of its clock. $1 tenant, $2 from and $3 until (null: open), $4 and $5
-- after this time and id, as `due` gives them, $6 most rows that are looked at.
select f.id, f.event_id, to_char((f.due_at at time zone 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as due
from engine.effect f
where f.tenant || '' = $1 and f.state = 'pending'
  and (f.due_at at time zone 'UTC') >= (coalesce($2::timestamptz, '-infinity') - (select coalesce((select t.clock_offset from engine.tenant t where t.id = $1 and t.sandbox), '0'))) at time zone 'UTC'
  and (f.due_at at time zone 'UTC') < (coalesce($3::timestamptz, 'infinity') - (select coalesce((select t.clock_offset from engine.tenant t where t.id = $1 and t.sandbox), '0'))) at time zone 'UTC'
  and ((f.due_at at time zone 'UTC'), f.id) > ($4::timestamp, $5::uuid)
order by (f.due_at at time zone 'UTC'), f.id
limit $6
