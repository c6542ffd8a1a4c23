update calendar.item
set place = 'deleteditems', generation = generation + 1, version = version + 1, modified_at = $5
where shard = $1 and id = $2 and tenant = $3 and mailbox_id = $4 and role = 'attendee' and place = 'calendar'
returning id
