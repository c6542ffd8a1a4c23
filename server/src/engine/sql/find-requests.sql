-- Cancellations that these requests may repeat: by their request key, or by the same caller's same target.
-- `+ 0`: only a few have one target, and sorting them beats walking the newest of the tenant, which the planner would take.
-- By position: $1 shards, $2 tenants, $3 callers, $4 request keys, $5 target keys, $6 entities,
-- $7 target events; $8 now.
select r.place::int as place, c.id, c.shard, c.target_key, c.target_entity, c.target_event, c.birth, c.open,
  c.early_until <= coalesce($8::timestamptz, clock_timestamp()) as lapsed,
  -- Something was announced for it since, and another's cancel of the key called it off.
  exists (
    select from engine.cancellation o join engine.event e on e.cancellation_id = o.id and e.birth > c.birth
    where o.shard = c.shard and o.tenant = c.tenant and o.target_key = c.target_key and o.target_entity = c.target_entity
      and o.birth > c.birth
  ) as called_off_since,
  (c.request_key is not null and c.request_key = r.request_key) as same_request
from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[])
  with ordinality as r (shard, tenant, caller, request_key, target_key, target_entity, target_event, place)
join lateral (
  (select c.* from engine.cancellation c
   where c.shard = r.shard and c.tenant = r.tenant and c.caller = r.caller
     and c.request_key = r.request_key and r.request_key is not null)
  union all
  (select c.* from engine.cancellation c
   where c.shard = r.shard and c.tenant = r.tenant and c.target_key = r.target_key and c.target_entity = r.target_entity
     and c.caller = r.caller and r.request_key is null
   order by c.birth + 0 desc limit 1)
  union all
  (select c.* from engine.cancellation c
   where c.shard = r.shard and c.target_event = r.target_event and c.tenant = r.tenant
     and c.caller = r.caller and r.request_key is null
   order by c.birth + 0 desc limit 1)
) c on true
