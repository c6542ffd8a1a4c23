-- Which of these events ended long ago themselves, whatever is below them. $1 events, $2 before.
select e.id
from unnest($1::uuid[]) as w (id)
join engine.event e on e.id = any (array[w.id]) and e.created_at < $2
where (select f.id from engine.effect f where f.event_id = e.id limit 1) is null
  and (select d.id from engine.ended d where d.event_id = e.id and d.at >= $2 limit 1) is null
