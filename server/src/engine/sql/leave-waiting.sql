-- Its carrier has let go, it ends from outside. $1 worker, $2 shards, $3 effects, $4 attempts, $5 evidence.
update engine.running r set worker = null, evidence = coalesce(s.evidence::jsonb, r.evidence)
from unnest($2::smallint[], $3::uuid[], $4::smallint[], $5::text[]) as s (shard, effect_id, attempt, evidence)
where r.shard = any (array[s.shard]) and r.effect_id = s.effect_id and r.attempt = s.attempt and r.worker is not distinct from $1::uuid
returning r.effect_id
