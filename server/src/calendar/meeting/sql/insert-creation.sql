insert into calendar.creation (shard, tenant, mailbox_id, transaction_id, item_id)
values ($1, $2, $3, $4, $5)
on conflict do nothing
returning item_id
