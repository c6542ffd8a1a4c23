-- Cancellations that these requests may repeat: by their request key, or by the same caller's same target.
-- By position: $1 tenants, $2 callers, $3 request keys, $4 target keys, $5 entities, $6 target events; $7 now.
select r.place::int as place, c.id, c.target_key, c.target_entity, c.target_event, c.sequence, c.open,
  c.early_until <= coalesce($7::timestamptz, clock_timestamp()) as lapsed,
  -- Something was announced for it since, and another's cancel of the key called it off.
  exists (
    select from engine.cancellation o
    where hashtextextended(o.tenant || chr(10) || o.target_key, 0) = hashtextextended(c.tenant || chr(10) || c.target_key, 0)
      and o.target_key is not null and o.tenant = c.tenant and o.target_key = c.target_key and o.target_entity = c.target_entity
      and o.sequence > c.sequence and o.newest_event > c.sequence
  ) as called_off_since,
  (c.request_key is not null and c.request_key = r.request_key) as same_request
from (select unnest($1::text[]) as tenant, unnest($2::text[]) as caller, unnest($3::text[]) as request_key, unnest($4::text[]) as target_key,
    unnest($5::text[]) as target_entity, unnest($6::uuid[]) as target_event, generate_series(1, cardinality($1::text[])) as place) r
join lateral (
  (select c.* from engine.cancellation c
   where c.tenant = r.tenant and c.caller = r.caller and c.request_key = r.request_key and r.request_key is not null)
  union all
  (select c.* from engine.cancellation c
   where hashtextextended(c.tenant || chr(10) || c.target_key, 0) = hashtextextended(r.tenant || chr(10) || r.target_key, 0)
     and c.target_key is not null and c.tenant = r.tenant and c.target_key = r.target_key and c.target_entity = r.target_entity
     and c.caller = r.caller and r.request_key is null
   order by c.sequence desc limit 1)
  union all
  (select c.* from engine.cancellation c
   where c.target_event = r.target_event and c.tenant = r.tenant and c.caller = r.caller and r.request_key is null
   order by c.sequence desc limit 1)
) c on true
