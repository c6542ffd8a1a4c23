-- Locks: start batches. The oldest start batch of a dead worker, with the effects of it that still run. A row without an effect:
-- nothing of the batch is left. An effect that a cancel asked to stop is not given: its receipt's time ends it.
-- `lost`: the batch was started before a backup that was restored, so nobody knows how it went. While such an effect is on hold,
-- rescue leaves it. $1 worker, $2 after this batch.
with batch as materialized (
  select b.id, b.effect_ids, b.lost from engine.start_batch b where b.worker = $1 and b.id > $2
  order by b.id limit 1 for update skip locked
)
select b.id as start_id, f.id, f.event_id, f.tenant, f.kind, f.event_kind, f.title, f.data, f.due_shown, f.notice_of, f.attempt,
  f.max_attempts, f.keep, f.touches_world, f.retry_plan, f.waited_ms, b.lost,
  b.lost and not f.released and exists (select from engine.hold h where f.tenant <> all (h.released_tenants)) as on_hold
from batch b
left join lateral (
  select f.* from unnest(b.effect_ids) as e (id)
  join engine.effect f on f.id = any (array[e.id]) and f.start_id = b.id and f.state = 'running' and f.cancellation_id is null) f on true
