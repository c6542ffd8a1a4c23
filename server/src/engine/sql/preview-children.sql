-- Children of an event, by id, after $3, at most $4. One that the cancel names itself is left out: it is walked as a target.
-- $1 shard, $2 parent, $5 key, $6 entity.
select e.id, e.link, e.cancellation_id,
  exists (select from engine.event c where c.shard = e.shard and c.parent_id = e.id) as has_children
from engine.event e
where e.shard = $1 and e.parent_id = $2 and e.id > $3
  and (e.key = $5 and e.entity = $6 and e.cancellation_id is null) is not true
order by e.id
limit $4
