-- What is running is asked to stop; only its runner, or the end of 30 seconds, writes how it ended.
-- $1 shards, $2 effects, $3 cancellations.
update engine.running r set cancellation_id = w.cancellation_id
from unnest($1::smallint[], $2::uuid[], $3::uuid[]) as w (shard, effect_id, cancellation_id)
where r.shard = any (array[w.shard]) and r.effect_id = w.effect_id and r.cancellation_id is null
returning r.effect_id, r.worker, r.kind
