-- Dead effects of a tenant, newest first. $1 tenant, $2 most.
select d.effect_id as id, f.event_id, f.kind, f.title, d.at, d.error, d.attempt
from engine.ended d join engine.effect f on f.shard = any (array[d.shard]) and f.id = d.effect_id
where d.tenant = $1 and d.ending = 'dead'
order by d.at desc limit $2
