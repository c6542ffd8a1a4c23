select id, mailbox_id, name, is_default from calendar.calendar_group
where tenant = $1 and mailbox_id = $2 and ($3::uuid is null or id = $3)
order by is_default desc, name
