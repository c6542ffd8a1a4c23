select id, tenant, mailbox_id, folder, generation, meeting_id, kind, sent_at, data from calendar.message
where tenant = $1 and mailbox_id = $2 and ($3::text is null or folder = $3)
order by sent_at desc, id desc
offset $4 limit $5
