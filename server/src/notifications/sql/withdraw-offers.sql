-- The rows were locked before. $1 shards, $2 tenants, $3 ids, $4 who cancelled each.
update notifications.offer o
set state = 'ended', action_name = 'Cancel', response_reason = 'Cancelled', ended_by = w.ended_by, ended_at = clock_timestamp()
from unnest($1::smallint[], $2::text[], $3::uuid[], $4::text[]) as w (shard, tenant, id, ended_by)
where o.shard = any (array[w.shard]) and o.tenant = w.tenant and o.id = w.id and o.state <> 'ended'
