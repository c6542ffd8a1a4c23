-- Locks: ended effects. Retries dead effects by hand: each is pending again, as attempt 1 of a whole retry plan. Doubt stays. The caller
-- has locked their events and found them live. They are found by id: the index of dead effects does not know `coalesce`, so the planner
-- would read all dead effects. $1 now, $2 effects, $3 tenant.
with gone as (
  delete from engine.ended d where d.id = any ($2::uuid[]) and d.tenant = $3 and coalesce(d.ending) = 'dead' and d.cancellation_id is null and d.replaced_by is null
  returning d.*
)
insert into engine.effect
  (id, event_id, notice_of, due_at, due_shown, shard, attempt, max_attempts, doubt, touches_world, keep, tenant, kind, event_kind, lane,
   title, next, retry_plan, last_error, data)
select g.id, g.event_id, g.notice_of, coalesce($1::timestamptz, clock_timestamp()), g.due_shown, g.shard, 1, g.max_attempts, g.doubt,
  g.touches_world, g.keep, g.tenant, g.kind, g.event_kind, g.lane, g.title, g.next, g.retry_plan, g.error, g.data
from gone g
returning id
