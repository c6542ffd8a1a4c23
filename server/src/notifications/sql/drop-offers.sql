-- Offers whose events were swept. $1 shards, $2 tenants, $3 ids.
delete from notifications.offer o
using unnest($1::smallint[], $2::text[], $3::uuid[]) as w (shard, tenant, id)
where o.shard = any (array[w.shard]) and o.tenant = w.tenant and o.id = w.id and o.state = 'ended'
