-- What a sweep looks at next: the oldest events without a parent (or whose parent was swept) and cancellations of a shard,
-- by their ids, which begin with the time they were made at. Whether they are over is looked at there.
-- $1 shard, $2 after, $3 up to (an id), $4 most.
select s.id, s.is_event from (
  (select e.id, true as is_event from engine.event e
   where e.shard = $1 and e.id > $2 and e.id < $3
     and (e.parent_id is null or not exists (select from engine.event p where p.shard = any (array[e.shard]) and p.id = e.parent_id))
   order by e.id limit $4)
  union all
  (select c.id, false from engine.cancellation c
   where c.shard = $1 and c.id > $2 and c.id < $3
   order by c.id limit $4)
) s
order by s.id
limit $4
