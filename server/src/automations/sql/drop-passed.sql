-- $1 shards, $2 effects.
delete from automations.passed_step p
using unnest($1::smallint[], $2::uuid[]) as w (shard, effect_id)
where p.shard = any (array[w.shard]) and p.effect_id = w.effect_id
