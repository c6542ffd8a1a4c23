-- $1 shards, $2 effects: how each stands now.
select w.effect_id, d.ending, d.at, d.cancellation_id as ended_by, d.evidence, d.error,
  r.effect_id is not null as running, r.cancellation_id as asked_by, p.due_at is not null as pending
from unnest($1::smallint[], $2::uuid[]) as w (shard, effect_id)
left join engine.ended d on d.shard = any (array[w.shard]) and d.effect_id = w.effect_id
left join engine.running r on r.shard = any (array[w.shard]) and r.effect_id = w.effect_id
left join engine.pending p on p.shard = any (array[w.shard]) and p.effect_id = w.effect_id
