-- The items of what hangs from these events and is left alone: children that are kept, with all below them, and children
-- that an earlier cancellation had called off. $1 shards, $2 parents, $3 cancellation.
with recursive below as (
  select e.shard, e.id, e.link = 'keep' as kept
  from unnest($1::smallint[], $2::uuid[]) as p (shard, id)
  join engine.event e on e.shard = p.shard and e.parent_id = p.id
  where e.link = 'keep' or (e.cancellation_id is not null and e.cancellation_id <> $3)
  union
  select e.shard, e.id, b.kept or e.link = 'keep'
  from below b join engine.event e on e.shard = b.shard and e.parent_id = b.id
)
insert into engine.receipt_item (shard, cancellation_id, effect_id, outcome, ending, at, evidence, by_cancellation)
select f.shard, $3, f.id,
  case when d.cancellation_id is not null then 'already_cancelled' when d.ending is not null then 'done' else 'kept' end,
  d.ending, d.at, d.evidence, d.cancellation_id
from below b
join engine.effect f on f.shard = b.shard and f.event_id = b.id
left join engine.ended d on d.shard = f.shard and d.effect_id = f.id
on conflict do nothing
