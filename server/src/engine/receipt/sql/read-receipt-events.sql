-- The events that a cancellation called off, with those that came later and were stopped by it as an early cancellation; at most $2.
-- $1 cancellation.
select e.id, e.kind, e.title, e.key, x.met_later
from (
  select u.id, false as met_later, u.n as place
  from engine.cancellation c cross join lateral unnest(c.event_ids) with ordinality as u (id, n) where c.id = $1
  union all
  (select r.event_id, r.how = 'met', r.sequence from engine.receipt_event r
   where r.cancellation_id = $1 and r.how in ('called_off', 'met') order by r.sequence limit $2)
) x
join engine.event e on e.id = any (array[x.id])
order by x.place
limit $2
