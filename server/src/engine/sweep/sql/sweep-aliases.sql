-- $1 shards, $2 tenants, $3 keys, $4 events.
delete from engine.alias a
using unnest($1::smallint[], $2::text[], $3::text[], $4::uuid[]) as w (shard, tenant, key, event_id)
where a.shard = any (array[w.shard]) and a.tenant = w.tenant and a.key = w.key and a.event_id = w.event_id
