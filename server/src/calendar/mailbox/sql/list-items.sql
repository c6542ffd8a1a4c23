select i.id, i.tenant, i.mailbox_id, i.calendar_id, i.meeting_id, m.ical_uid, i.role, i.place as folder, i.generation, i.version,
  i.is_cancelled, i.start_at, i.end_at, i.created_at, i.modified_at, i.data, m.body_text
from calendar.item i join calendar.meeting m on m.shard = i.shard and m.id = i.meeting_id
where i.tenant = $1 and i.mailbox_id = $2 and i.place = $3 and ($4::uuid is null or i.calendar_id = $4)
  and ($5::timestamptz is null or (i.start_at < $6 and (i.end_at > $5 or i.start_at >= $5)))
order by i.start_at, i.id
offset $7 limit $8
