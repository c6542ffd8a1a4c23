-- By position: $1 shards, $2 cancellations, $3 effects, $4 outcomes, $5 endings, $6 at, $7 evidence, $8 earlier cancellations.
insert into engine.receipt_item (shard, cancellation_id, effect_id, outcome, ending, at, evidence, by_cancellation)
select n.shard, n.cancellation_id, n.effect_id, n.outcome, n.ending, n.at, n.evidence::json, n.by_cancellation
from (select unnest($1::smallint[]) as shard, unnest($2::uuid[]) as cancellation_id, unnest($3::uuid[]) as effect_id,
    unnest($4::text[]) as outcome, unnest($5::text[]) as ending, unnest($6::timestamptz[]) as at, unnest($7::text[]) as evidence,
    unnest($8::uuid[]) as by_cancellation) n
on conflict do nothing
