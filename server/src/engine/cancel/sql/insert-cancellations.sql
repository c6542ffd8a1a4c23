-- $1 now, $2 milliseconds to the final receipt; then by position: shard, id, tenant, target event, key, entity, kind, caller,
-- api, name, request key, reason, correlation, early ttl ms, open, data, events (an array literal each), newest event.
insert into engine.cancellation
  (shard, id, tenant, target_event, target_key, target_entity, target_kind, caller, caller_api, caller_name, request_key,
   reason, correlation_id, at, final_by, early_until, early_until_shown, open, data, event_ids, newest_event)
select n.shard, n.id, n.tenant, n.target_event, n.target_key, n.target_entity, n.target_kind, n.caller, n.caller_api,
  n.caller_name, n.request_key, n.reason, n.correlation_id,
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'),
  coalesce($1::timestamptz, clock_timestamp()) + $2::double precision * interval '1 millisecond',
  coalesce($1::timestamptz, clock_timestamp()) + n.early_ms * interval '1 millisecond',
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0') + n.early_ms * interval '1 millisecond', n.open, n.data::json,
  n.event_ids::uuid[], n.newest_event
from (select unnest($3::smallint[]) as shard, unnest($4::uuid[]) as id, unnest($5::text[]) as tenant, unnest($6::uuid[]) as target_event,
    unnest($7::text[]) as target_key, unnest($8::text[]) as target_entity, unnest($9::text[]) as target_kind, unnest($10::text[]) as caller,
    unnest($11::text[]) as caller_api, unnest($12::text[]) as caller_name, unnest($13::text[]) as request_key, unnest($14::text[]) as reason,
    unnest($15::text[]) as correlation_id, unnest($16::double precision[]) as early_ms, unnest($17::boolean[]) as open,
    unnest($18::text[]) as data, unnest($19::text[]) as event_ids, unnest($20::bigint[]) as newest_event) n
left join engine.tenant t on t.id = n.tenant and t.sandbox
