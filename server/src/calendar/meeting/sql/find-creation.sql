select item_id from calendar.creation where shard = $1 and tenant = $2 and mailbox_id = $3 and transaction_id = $4
