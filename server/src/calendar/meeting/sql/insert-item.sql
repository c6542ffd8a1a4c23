insert into calendar.item (shard, id, tenant, mailbox_id, calendar_id, meeting_id, role, start_at, end_at, created_at, modified_at, data)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
on conflict do nothing
returning id
