-- $1 tenant, $2 agent's shard, $3 id.
select * from notifications.offer where shard = $2 and tenant = $1 and id = $3
