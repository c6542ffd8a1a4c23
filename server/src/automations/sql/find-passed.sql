select p.effect_id
from unnest($1::smallint[], $2::uuid[]) as w(shard, effect_id)
join automations.passed_step p on p.shard = any (array[w.shard]) and p.effect_id = w.effect_id
