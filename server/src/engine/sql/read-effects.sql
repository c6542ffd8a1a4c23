-- $1 shard, $2 event, $3 tenant.
select f.id, f.kind, f.title, f.data, f.due_at, f.next, f.link, d.ending, d.at, d.error, d.evidence, d.cancellation_id as ended_by,
  p.effect_id is not null as pending, r.effect_id is not null as running, r.cancellation_id as asked_by,
  coalesce(d.attempt, r.attempt, p.attempt) as attempt, coalesce(d.error, p.last_error) as last_error
from engine.effect f
left join engine.ended d on d.shard = any (array[f.shard]) and d.effect_id = f.id
left join engine.running r on r.shard = any (array[f.shard]) and r.effect_id = f.id
left join engine.pending p on p.shard = any (array[f.shard]) and p.effect_id = f.id
where f.shard = $1 and f.event_id = $2 and f.tenant = $3
order by f.birth
