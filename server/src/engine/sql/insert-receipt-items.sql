-- $1 shards, $2 cancellations, $3 effects, $4 outcomes, $5 endings, $6 at, $7 evidence, $8 earlier cancellations.
insert into engine.receipt_item (shard, cancellation_id, effect_id, outcome, ending, at, evidence, by_cancellation)
select n.shard, n.cancellation_id, n.effect_id, n.outcome, n.ending, n.at, n.evidence::jsonb, n.by_cancellation
from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::uuid[])
  as n (shard, cancellation_id, effect_id, outcome, ending, at, evidence, by_cancellation)
on conflict do nothing
