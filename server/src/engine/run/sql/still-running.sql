-- Which of these starts still run and were not asked to stop. By position: $1 effects, $2 start ids.
select f.id
from (select unnest($1::uuid[]) as id, unnest($2::uuid[]) as start_id) s
join engine.effect f on f.id = any (array[s.id]) and f.start_id = s.start_id and f.state = 'running' and f.cancellation_id is null
