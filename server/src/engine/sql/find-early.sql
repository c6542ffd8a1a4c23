-- Early cancellations that wait for one of these keys. $1 now, $2 shards, $3 tenants, $4 keys, $5 entities.
select wanted.tenant, wanted.key, wanted.entity, c.id, c.shard
from unnest($2::smallint[], $3::text[], $4::text[], $5::text[]) as wanted (shard, tenant, key, entity)
join lateral (
  select c.id, c.shard from engine.cancellation c
  where c.shard = any (array[wanted.shard]) and c.tenant = wanted.tenant and c.target_key = wanted.key and c.target_entity = wanted.entity
    and c.early_until > coalesce($1::timestamptz, clock_timestamp())
  order by c.birth desc limit 1
) c on true
