select i.id, i.tenant, i.mailbox_id, i.calendar_id, i.meeting_id, m.ical_uid, i.role, i.place as folder, i.generation, i.version,
  i.is_cancelled, i.start_at, i.end_at, i.created_at, i.modified_at, i.data, m.body_text
from calendar.item i join calendar.meeting m on m.shard = i.shard and m.id = i.meeting_id
where i.shard = $1 and i.id = $2 and i.tenant = $3 and i.mailbox_id = $4
