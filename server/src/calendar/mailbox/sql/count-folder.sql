select (select count(*) from calendar.message where tenant = $1 and mailbox_id = $2 and folder = $3)
  + (select count(*) from calendar.item where tenant = $1 and mailbox_id = $2 and place = $3) as total
