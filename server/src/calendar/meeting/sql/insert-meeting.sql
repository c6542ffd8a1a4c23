insert into calendar.meeting (shard, id, tenant, ical_uid, organizer_mailbox_id, created_at, body_text, safe_html)
values ($1, $2, $3, $4, $5, $6, $7, $8)
