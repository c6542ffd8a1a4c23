-- Whether one of these mailboxes has a copy of a meeting. $1 shard, $2 meeting, $3 tenant, $4 mailboxes.
select i.id from calendar.item i
where i.shard = $1 and i.meeting_id = $2 and i.mailbox_id = any ($4::uuid[]) and i.tenant = $3
limit 1
