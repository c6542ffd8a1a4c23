-- The next seeds of a sweep: the oldest events without a parent (or whose parent was swept) and the oldest cancellations, by id. An id
-- begins with the time when it was made. Whether a seed is over is checked later. $1 after, $2 up to (an id), $3 limit.
select s.id, s.is_event from (
  (select e.id, true as is_event from engine.event e
   where e.id > $1 and e.id < $2
     and (e.parent_id is null or not exists (select from engine.event p where p.id = any (array[e.parent_id]) and p.tenant = e.tenant))
   order by e.id limit $3)
  union all
  (select c.id, false from engine.cancellation c
   where c.id > $1 and c.id < $2
   order by c.id limit $3)
) s
order by s.id
limit $3
