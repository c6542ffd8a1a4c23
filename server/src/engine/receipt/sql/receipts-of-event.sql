-- Cancellations by this event's id, and the one that called it off together with an event above it. $1 tenant, $2 event, $3 limit.
select t.id from (
  select c.id, c.sequence
  from (select * from engine.cancellation c where c.tenant = $1 and c.target_event = $2 offset 0) c
  union
  select c.id, c.sequence from engine.event e
  cross join lateral (select * from engine.cancellation c where c.id = e.cancellation_id offset 0) c where e.id = $2 and e.tenant = $1
) t
order by t.sequence desc limit $3
