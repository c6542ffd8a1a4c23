-- Which attempts a worker still runs: looked up one by one, not all that the worker runs (an equality could be). $1 worker, $2 shards, $3 effects, $4 attempts.
select r.effect_id
from unnest($2::smallint[], $3::uuid[], $4::smallint[]) as s (shard, effect_id, attempt)
join engine.running r on r.shard = any (array[s.shard]) and r.effect_id = s.effect_id and r.attempt = s.attempt and r.worker is not distinct from $1::uuid
