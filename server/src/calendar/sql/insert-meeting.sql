insert into calendar.meeting (shard, id, tenant, ical_uid, organizer_mailbox_id, created_at)
values ($1, $2, $3, $4, $5, $6)
