-- $1 now, $2 milliseconds to the final receipt; then by position: shard, id, tenant, target event, key, entity, kind, caller,
-- api, name, request key, reason, correlation, early ttl ms, open, data.
insert into engine.cancellation
  (shard, id, tenant, target_event, target_key, target_entity, target_kind, caller, caller_api, caller_name, request_key,
   reason, correlation_id, at, final_by, early_until, early_until_shown, open, data)
select n.shard, n.id, n.tenant, n.target_event, n.target_key, n.target_entity, n.target_kind, n.caller, n.caller_api,
  n.caller_name, n.request_key, n.reason, n.correlation_id,
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'),
  coalesce($1::timestamptz, clock_timestamp()) + $2::double precision * interval '1 millisecond',
  coalesce($1::timestamptz, clock_timestamp()) + n.early_ms * interval '1 millisecond',
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0') + n.early_ms * interval '1 millisecond', n.open, n.data::jsonb
from unnest($3::smallint[], $4::uuid[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
  $12::text[], $13::text[], $14::text[], $15::text[], $16::double precision[], $17::boolean[], $18::text[])
  as n (shard, id, tenant, target_event, target_key, target_entity, target_kind, caller, caller_api, caller_name, request_key,
    reason, correlation_id, early_ms, open, data)
left join engine.tenant t on t.id = n.tenant and t.sandbox
