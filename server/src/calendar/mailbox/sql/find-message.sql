select c.id, c.tenant, c.mailbox_id, c.folder, c.generation, c.meeting_id, c.kind, c.sent_at, c.data, m.body_text
from calendar.message c left join calendar.meeting m on m.shard = c.shard and m.id = c.meeting_id
where c.shard = $1 and c.id = $2 and c.tenant = $3 and c.mailbox_id = $4
