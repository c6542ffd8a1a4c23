-- $1 shard, $2 tenant, $3 caller, $4 key, $5 answer.
update engine.request_key set answer = $5::jsonb
where shard = $1 and tenant = $2 and caller = $3 and key = $4 and answer is null
