-- Locks: effects. Ends notices of cancellations from before the hold that nobody wants any more. A notice cannot be called off, so it dies:
-- the receipt of its cancellation shows that, and it can be retried by hand. $1 now, $2 tenant, $3 notices, $4 error text, $5 the hold's number.
with mine as (
  select f.id
  from (select i.id from unnest($3::uuid[]) as i (id) order by i.id) w
  cross join lateral (
    select f.id from engine.effect f
    where f.id = any (array[w.id]) and f.tenant = $2 and f.state = 'pending'
      and (select c.sequence from engine.cancellation c where c.id = f.notice_of) <= $5::bigint
    for update of f
  ) f
), gone as (
  delete from engine.effect f using mine m where f.id = any (array[m.id]) returning f.*
)
insert into engine.ended
  (id, event_id, notice_of, at, due_shown, shard, attempt, max_attempts, doubt, touches_world, keep, tenant, ending, kind, event_kind, lane,
   title, next, retry_plan, error, data)
select g.id, g.event_id, g.notice_of, coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), g.due_shown, g.shard,
  g.attempt - 1, g.max_attempts, g.doubt, g.touches_world, g.keep, g.tenant, 'dead', g.kind, g.event_kind, g.lane, g.title, g.next,
  g.retry_plan, $4, g.data
from gone g left join engine.tenant t on t.id = g.tenant and t.sandbox
returning id
