-- What of a tenant is on hold, in the order of ids. $1 now, $2 tenant; filters, null for all: $3 kind, $4 event, $5 due from,
-- $6 due before, $7 standing; $8 after this effect, $9 limit.
select s.*, e.title as event_title, e.kind as event_kind, e.key
from (
  select f.id, f.event_id, f.notice_of, f.kind, f.title, f.due_shown, f.attempt, f.doubt, f.state,
    case
      when f.state = 'running' and f.touches_world then 'in_doubt'
      when f.state = 'pending' and f.due_at > coalesce($1::timestamptz, clock_timestamp()) then 'later'
      else 'overdue'
    end as standing
  from engine.effect f
  where f.tenant = $2 and f.id > $8::uuid and not f.released and f.cancellation_id is null
    and (f.state = 'pending' or (f.state = 'running' and (select b.lost from engine.start_batch b where b.id = f.start_id)))
    and ($3::text is null or f.kind = $3) and ($4::uuid is null or f.event_id = $4)
    and ($5::timestamptz is null or f.due_shown >= $5) and ($6::timestamptz is null or f.due_shown < $6)
) s
left join engine.event e on e.id = any (array[s.event_id])
where $7::text[] is null or s.standing = any ($7::text[])
order by s.id
limit $9
