-- How much of a tenant is on hold, by kind and standing (as in hold-items.sql). $1 now, $2 tenant; filters, null for all: $3 kind,
-- $4 event, $5 due from, $6 due before.
select s.kind, s.standing, count(*)::int as count, count(distinct s.event_id)::int as events
from (
  select f.kind, f.event_id,
    case
      when f.cancellation_id is not null then 'stopping'
      when f.state = 'waiting' then 'waiting'
      when f.state = 'running' and not coalesce((select b.lost from engine.start_batch b where b.id = f.start_id), false) then 'running'
      when f.state = 'running' and f.touches_world then 'in_doubt'
      when f.state = 'pending' and f.due_at > coalesce($1::timestamptz, clock_timestamp()) then 'later'
      else 'overdue'
    end as standing
  from engine.effect f
  where f.tenant = $2 and not f.released
    and ($3::text is null or f.kind = $3) and ($4::uuid is null or f.event_id = $4)
    and ($5::timestamptz is null or f.due_shown >= $5) and ($6::timestamptz is null or f.due_shown < $6)
) s
group by s.kind, s.standing
order by s.kind, s.standing
