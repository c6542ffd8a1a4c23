update calendar.item i
set place = 'deleteditems', is_cancelled = true, version = i.version + 1, modified_at = c.at,
  generation = i.generation + case when i.place = 'deleteditems' then 0 else 1 end
from unnest($1::smallint[], $2::uuid[], $3::timestamptz[]) as c (shard, meeting_id, at)
where i.shard = any (array[c.shard]) and i.meeting_id = c.meeting_id and i.role = 'organizer'
returning i.meeting_id, i.mailbox_id, i.start_at, i.end_at, i.data
