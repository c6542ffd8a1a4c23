select f.shard, f.id, f.event_id, f.notice_of, f.kind, d.ending, d.cancellation_id
from engine.effect f left join engine.ended d on d.shard = any (array[f.shard]) and d.effect_id = f.id
where f.shard = $1 and f.id = $2 and f.tenant = $3
