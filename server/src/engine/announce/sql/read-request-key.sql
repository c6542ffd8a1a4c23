-- $1 shard, $2 tenant, $3 caller, $4 key.
select fingerprint, answer from engine.request_key where shard = $1 and tenant = $2 and caller = $3 and key = $4
