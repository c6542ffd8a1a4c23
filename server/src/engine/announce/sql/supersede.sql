-- Locks: effects. A revise ends the pending effects of an event as superseded. The caller has locked the event. An effect that an
-- earlier attempt may have carried out stays in doubt. $1 now, $2 event.
with gone as (
  delete from engine.effect f where f.event_id = $2 and f.state = 'pending' returning f.*
)
insert into engine.ended
  (id, event_id, notice_of, at, due_shown, shard, attempt, max_attempts, doubt, touches_world, keep, tenant, ending, kind, event_kind, lane,
   title, next, retry_plan, error, data)
select g.id, g.event_id, g.notice_of, coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), g.due_shown, g.shard,
  g.attempt - 1, g.max_attempts, g.doubt, g.touches_world, g.keep, g.tenant, 'superseded', g.kind, g.event_kind, g.lane, g.title, g.next,
  g.retry_plan, g.last_error, g.data
from gone g left join engine.tenant t on t.id = g.tenant and t.sandbox
returning id
