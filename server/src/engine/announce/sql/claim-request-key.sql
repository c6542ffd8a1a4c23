-- Claims a request key. Of two requests at once, the second waits for the first one's commit.
-- $1 now, $2 shard, $3 tenant, $4 caller, $5 key, $6 fingerprint.
insert into engine.request_key (shard, tenant, caller, key, fingerprint, at)
values ($2, $3, $4, $5, $6, coalesce($1::timestamptz, clock_timestamp()))
on conflict do nothing
returning true as claimed
