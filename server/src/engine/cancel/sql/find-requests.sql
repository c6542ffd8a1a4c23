-- Cancellations that these requests may repeat: by their request key, or by the same caller's same target.
-- By position: $1 tenants, $2 callers, $3 request keys, $4 target keys, $5 entities, $6 target events; $7 now.
select r.position::int as position, c.id, c.target_key, c.target_entity, c.target_event, c.sequence, c.open,
  c.early_until > coalesce($7::timestamptz, clock_timestamp()) as waits,
  c.early_until <= coalesce($7::timestamptz, clock_timestamp()) as lapsed,
  c.open or c.event_ids <> '{}' or c.target_event is not null
    or (select m.event_id from engine.receipt_event m where m.cancellation_id = c.id limit 1) is not null as found,
  -- True if something was announced for the target since then and another cancel, by whatever name, has called that off.
  (select e.id from engine.event e
   where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
       = hashtextextended(c.tenant || chr(10) || c.target_key || chr(10) || c.target_entity, 0)
     and e.key is not null and e.tenant = c.tenant and e.key = c.target_key and e.entity = c.target_entity
     and e.cancellation_id is not null and e.sequence > c.sequence and e.cancellation_id <> c.id
   limit 1) is not null as called_off_since,
  (c.request_key is not null and c.request_key = r.request_key) as same_request
from (select unnest($1::text[]) as tenant, unnest($2::text[]) as caller, unnest($3::text[]) as request_key, unnest($4::text[]) as target_key,
    unnest($5::text[]) as target_entity, unnest($6::uuid[]) as target_event, generate_series(1, cardinality($1::text[])) as position) r
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
