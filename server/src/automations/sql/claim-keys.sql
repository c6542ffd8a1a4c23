-- The first report of a key wins; one that has expired may be claimed again. Rows come in key order, so that two batches
-- never wait for each other in a circle.
insert into automations.idempotency as held
  (shard, tenant, app_id, site, trigger_key, key, reported_at, expires_at)
select * from unnest
  ($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[])
  as w(shard, tenant, app_id, site, trigger_key, key, reported_at, expires_at)
order by shard, tenant, app_id, site, trigger_key, key
on conflict (shard, tenant, app_id, site, trigger_key, key) do update
  set reported_at = excluded.reported_at, expires_at = excluded.expires_at
  where held.expires_at <= excluded.reported_at
returning tenant, app_id, site, trigger_key, key
