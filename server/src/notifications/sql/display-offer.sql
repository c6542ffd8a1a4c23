-- $1 shard, $2 tenant, $3 id, $4 displayed at.
update notifications.offer set state = 'displayed', displayed_at = $4
where shard = $1 and tenant = $2 and id = $3 and state = 'queued'
returning *
