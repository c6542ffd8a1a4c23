-- The events that a cancellation called off, those it met early included; at most $3. $1 shard, $2 cancellation.
select e.id, e.kind, e.title, e.key, e.birth > c.birth as met_later
from engine.event e
join engine.cancellation c on c.shard = $1 and c.id = $2
where e.cancellation_id = $2
order by e.birth
limit $3
