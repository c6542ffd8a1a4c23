-- $1 shard, $2 tenant, $3 id, $4 action, $5 reason, $6 ended by, $7 states that it may be in.
update notifications.offer
set state = 'ended', action_name = $4, response_reason = $5, ended_by = $6, ended_at = clock_timestamp()
where shard = $1 and tenant = $2 and id = $3 and state = any ($7::text[])
returning *
