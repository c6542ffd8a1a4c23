select 1 from calendar.mailbox m
join calendar.calendar c on c.tenant = m.tenant and c.mailbox_id = m.id and c.is_default
where m.tenant = $1 and m.id = $2 and m.name = $3 and m.address = $4
