-- Children of an event, by id, after $2, at most $3. A child that the cancel itself names is left out: the walk visits it as a target.
-- $1 parent, $4 key, $5 entity.
select e.id, e.link, e.cancellation_id,
  (select c.id from engine.event c where c.parent_id = e.id limit 1) is not null as has_children
from engine.event e
where e.parent_id = $1 and e.id > $2
  and (e.key = $4 and e.entity = $5 and e.cancellation_id is null) is not true
order by e.id
limit $3
