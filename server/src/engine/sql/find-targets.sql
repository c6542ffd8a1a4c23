-- The events that these requests name: one by id, or every live one with the key, aliases included.
-- A row at place 0: there are open cancellations. A row at place -1, and none of theirs: they name more than $6.
-- By position: $1 shards, $2 tenants, $3 keys, $4 entities, $5 events; $6 most.
with found as materialized (
  select r.place::int as place, e.shard, e.id, e.birth
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::uuid[])
    with ordinality as r (shard, tenant, key, entity, event_id, place)
  cross join lateral (
    select e.shard, e.id, e.birth from engine.event e
    where e.shard = r.shard and e.tenant = r.tenant and e.key = r.key and e.entity = r.entity and e.cancellation_id is null
    offset 0) e
  where r.key is not null
  union all
  select r.place::int, e.shard, e.id, e.birth
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::uuid[])
    with ordinality as r (shard, tenant, key, entity, event_id, place)
  join engine.alias a on a.shard = any (array[r.shard]) and a.tenant = r.tenant and a.key = r.key
  join engine.event e on e.shard = any (array[a.event_shard]) and e.id = a.event_id and e.entity = r.entity and e.cancellation_id is null
  where r.key is not null
  union all
  select r.place::int, e.shard, e.id, e.birth
  from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::uuid[])
    with ordinality as r (shard, tenant, key, entity, event_id, place)
  join engine.event e on e.shard = any (array[r.shard]) and e.id = r.event_id and e.tenant = r.tenant
  where r.event_id is not null
  limit $6 + 1
)
select 0 as place, 0::smallint as shard, null::uuid as id, 0::bigint as birth where exists (select from engine.open_cancellation)
union all
select -1, 0::smallint, null::uuid, 0::bigint where (select count(*) from found) > $6
union all
select place, shard, id, birth from found where (select count(*) from found) <= $6
