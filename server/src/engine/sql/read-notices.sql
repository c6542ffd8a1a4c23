select f.id, f.kind, f.title, d.ending, d.at, d.evidence, d.error, r.started_at is not null as running
from engine.effect f
left join engine.ended d on d.shard = any (array[f.shard]) and d.effect_id = f.id
left join engine.running r on r.shard = any (array[f.shard]) and r.effect_id = f.id
where f.notice_of = $1
order by f.birth
limit $2
