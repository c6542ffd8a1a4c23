-- Cancellations that carried this correlation id, or called off an event that carries it. $1 tenant, $2 correlation id, $3 limit.
select t.id from (
  select c.id, c.sequence
  from (select * from engine.cancellation c where c.tenant = $1 and c.correlation_id = $2 offset 0) c
  union
  select c.id, c.sequence
  from (select cancellation_id from engine.event where tenant = $1 and correlation_id = $2 offset 0) e
  cross join lateral (select * from engine.cancellation c where c.id = e.cancellation_id offset 0) c
  where c.tenant = $1
) t
order by t.sequence desc limit $3
