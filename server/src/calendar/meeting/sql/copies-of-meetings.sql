select i.meeting_id, i.mailbox_id, b.name, b.address
from calendar.item i
join calendar.mailbox b on b.tenant = i.tenant and b.id = i.mailbox_id
join unnest($1::smallint[], $2::uuid[]) as c (shard, meeting_id) on i.shard = any (array[c.shard]) and i.meeting_id = c.meeting_id
where i.role = 'attendee'
order by i.meeting_id, i.mailbox_id
