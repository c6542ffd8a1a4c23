select id, tenant, mailbox_id, folder, generation, meeting_id, kind, sent_at, data from calendar.message
where shard = $1 and id = $2 and tenant = $3 and mailbox_id = $4
