-- $1 now, $2 id, $3 tenant.
select c.shard, c.id, c.tenant, c.target_event, c.target_key, c.target_entity, c.target_kind, c.caller, c.caller_api, c.caller_name, c.reason,
  c.correlation_id, c.at, c.early_until_shown, c.marked, c.counts, c.open, c.sequence,
  not c.open and c.final_by <= coalesce($1::timestamptz, clock_timestamp()) as time_is_up,
  coalesce(extract(epoch from c.marked_for) * 1000, 0) as marked_for_ms,
  exists (select from engine.effect f where f.cancellation_id = $2::uuid) as stopping,
  extract(epoch from (c.final_by - coalesce($1::timestamptz, clock_timestamp()))) * 1000 as final_in_ms
from engine.cancellation c
where c.id = $2 and c.tenant = $3
