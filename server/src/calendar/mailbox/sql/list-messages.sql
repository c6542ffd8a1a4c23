select c.id, c.tenant, c.mailbox_id, c.folder, c.generation, c.meeting_id, c.kind, c.sent_at, c.data, m.body_text
from calendar.message c left join calendar.meeting m on m.shard = c.shard and m.id = c.meeting_id
where c.tenant = $1 and c.mailbox_id = $2 and ($3::text is null or c.folder = $3)
order by c.sent_at desc, c.id desc
offset $4 limit $5
