-- Which of these effects a worker has started, as start.sql gives them. $1 worker, $2 shards, $3 effects.
select f.shard, f.id, f.tenant, f.event_id, f.notice_of, f.kind, f.title, f.data, f.due_at, f.max_attempts, f.link, r.attempt,
  '' as lane, e.kind as event_kind
from unnest($2::smallint[], $3::uuid[]) as w (shard, effect_id)
join engine.running r on r.shard = any (array[w.shard]) and r.effect_id = w.effect_id and r.worker is not distinct from $1::uuid
join engine.effect f on f.shard = any (array[r.shard]) and f.id = r.effect_id
left join engine.event e on e.shard = any (array[f.shard]) and e.id = f.event_id
