-- Locks: start batches. What a worker that is gone left running, of the batch that it started first; a row without effect: nothing of the
-- batch is left. What a cancel has asked to stop waits for the end of its receipt's time. Of what was started before a backup that was
-- restored nobody knows how it went (`lost`); while it is on hold it is left as it is. $1 worker, $2 after this batch.
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
