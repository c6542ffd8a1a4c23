-- Locks: effects. Ends in doubt what a cancellation stopped and what has not ended 30 s after the cancellation was written down. It takes
-- the row lock that a settle needs, so one of the two comes first. A row that somebody else has locked is left for the next run. No start id is
-- written: its runner has not reported. While the database is on hold, cancellations from before the hold stay open, because nobody
-- has reported how they went. The end is dated by the moment when the time was up, whenever this runs.
-- $1 now, $2 one cancellation, or null for all.
with late as (
  select f.id, c.final_by
  from engine.effect f
  join engine.cancellation c on c.id = any (array[f.cancellation_id]) and not c.open and c.final_by <= coalesce($1::timestamptz, clock_timestamp())
  where f.cancellation_id is not null and ($2::uuid is null or f.cancellation_id = $2::uuid)
    and not exists (select from engine.hold h where c.sequence <= h.sequence and not f.released and f.tenant <> all (h.released_tenants))
  -- Sorted as text: for an order by the id alone, the planner would read the index of ids.
  order by f.id::text
  limit 5000
  for update of f skip locked
), gone as (
  delete from engine.effect f using late l where f.id = any (array[l.id]) returning f.*, l.final_by
)
insert into engine.ended
  (id, event_id, notice_of, at, due_shown, cancellation_id, shard, attempt, max_attempts, touches_world, keep, tenant, ending, kind,
   event_kind, lane, title, next, retry_plan, evidence, data)
select g.id, g.event_id, g.notice_of, g.final_by + coalesce(t.clock_offset, '0'), g.due_shown,
  g.cancellation_id, g.shard, g.attempt, g.max_attempts, g.touches_world, g.keep, g.tenant, 'in_doubt', g.kind, g.event_kind, g.lane,
  g.title, g.next, g.retry_plan,
  (coalesce(g.evidence::jsonb, '{}') || jsonb_build_object('why', 'no end was reported within the time of the receipt'))::json, g.data
from gone g
left join engine.tenant t on t.id = g.tenant and t.sandbox
returning id, kind
