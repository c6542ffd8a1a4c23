-- What this worker runs and somebody has called off, by its mark or under an open cancellation. $1 worker.
select r.effect_id, r.cancellation_id from engine.running r where r.worker = $1 and r.cancellation_id is not null
union all
select r.effect_id, o.cancellation_id
from engine.open_cancellation o
join engine.running r on r.shard = any (array[o.shard]) and r.worker = $1 and r.cancellation_id is null
join engine.effect f on f.shard = any (array[r.shard]) and f.id = r.effect_id and f.link = 'cancel'
join engine.event e on e.shard = any (array[r.shard]) and e.id = r.event_id and e.tenant = o.tenant
join engine.event a on a.shard = any (array[e.shard]) and a.id = any (e.line) and a.birth <= o.birth_limit
where a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity)
