-- $1 shard, $2 tenant, $3 id, $4 state, $5 displayed at, $6 start. No row comes back when it has ended or was placed already.
update notifications.offer set state = $4, displayed_at = $5, start_id = $6
where shard = $1 and tenant = $2 and id = $3 and state = 'arriving'
returning id
