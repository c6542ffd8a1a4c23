-- What is learnt of an effect after its receipt was closed. $1 now, $2 shards, $3 effects, $4 texts, $5 evidence.
insert into engine.receipt_note (shard, cancellation_id, effect_id, at, text, evidence)
select d.shard, d.cancellation_id, d.effect_id,
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), s.text, s.evidence::jsonb
from unnest($2::smallint[], $3::uuid[], $4::text[], $5::text[]) as s (shard, effect_id, text, evidence)
cross join lateral (select * from engine.ended d where d.shard = s.shard and d.effect_id = s.effect_id offset 0) d
left join engine.tenant t on t.id = d.tenant and t.sandbox
where d.ending = 'in_doubt' and d.cancellation_id is not null
