insert into calendar.calendar_group (tenant, id, mailbox_id, name, is_default)
values ($1, $2, $3, $4, $5)
on conflict do nothing
