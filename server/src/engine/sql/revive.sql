-- A dead effect that a person retries: pending again, as attempt 1. Its event is locked and live. $1 now, $2 shard, $3 effect, $4 tenant.
with gone as (
  delete from engine.ended d where d.shard = $2 and d.effect_id = $3 and d.tenant = $4 and d.ending = 'dead' and d.cancellation_id is null
  returning d.shard, d.effect_id, d.error
)
insert into engine.pending (shard, effect_id, due_at, tenant, lane, kind, event_id, attempt, last_error)
select f.shard, f.id, coalesce($1::timestamptz, clock_timestamp()), f.tenant, f.tenant || ' ' || f.kind || ' ' || f.lane, f.kind,
  f.event_id, 1, g.error
from gone g join engine.effect f on f.shard = any (array[g.shard]) and f.id = g.effect_id
returning effect_id
