-- A little sweeping with every claim, at most twice what was claimed: the table never grows for ever, and nobody waits.
delete from automations.idempotency i
using (
  select shard, tenant, app_id, site, trigger_key, key
  from automations.idempotency
  where tenant = $1 and expires_at <= $2
  order by expires_at
  limit $3
  for update skip locked
) as expired
where i.shard = expired.shard and i.tenant = expired.tenant and i.app_id = expired.app_id
  and i.site = expired.site and i.trigger_key = expired.trigger_key and i.key = expired.key
