-- The events that these requests name: one by id, or every live one with the key. A row with position 0: there are open cancellations.
-- A row with position -1, and none of the requests' own: the requests name more than $5 events.
-- By position: $1 tenants, $2 keys, $3 entities, $4 events; $5 limit.
with r as materialized (
  select unnest($1::text[]) as tenant, unnest($2::text[]) as key, unnest($3::text[]) as entity, unnest($4::uuid[]) as event_id,
    generate_series(1, cardinality($1::text[])) as position
), found as materialized (
  select r.position, e.id, e.sequence
  from r
  cross join lateral (
    select e.id, e.sequence from engine.event e
    where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
        = hashtextextended(r.tenant || chr(10) || r.key || chr(10) || r.entity, 0)
      and e.key is not null and e.tenant = r.tenant and e.key = r.key and e.entity = r.entity and e.cancellation_id is null
    offset 0) e
  where r.key is not null
  union all
  select r.position, e.id, e.sequence
  from r
  join engine.event e on e.id = any (array[r.event_id]) and e.tenant = r.tenant
  where r.event_id is not null
  limit $5 + 1
)
select 0 as position, null::uuid as id, 0::bigint as sequence where exists (select from engine.open_cancellation)
union all
select -1, null::uuid, 0::bigint where (select count(*) from found) > $5
union all
select position, id, sequence from found where (select count(*) from found) <= $5
