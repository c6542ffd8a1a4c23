-- Which of these events ended long ago themselves, whatever hangs from them: stops at the first effect that has not.
-- $1 shard, $2 events, $3 before.
select e.id
from unnest($2::uuid[]) as w (id)
join engine.event e on e.shard = $1 and e.id = w.id and e.created_at < $3
where (
  select f.id from engine.effect f
  where f.shard = e.shard and f.event_id = e.id
    and (select d.at from engine.ended d where d.shard = f.shard and d.effect_id = f.id and d.at < $3) is null
  limit 1
) is null
