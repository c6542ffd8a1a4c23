-- The items of what hangs from these events and is left alone: children that are kept, with all below them, and children
-- that an earlier cancellation had called off. $1 shards, $2 parents, $3 cancellation, $4 the parents themselves too.
with recursive below as (
  (
    select e.shard, e.id, e.link = 'keep' as kept, e.cancellation_id
    from unnest($1::smallint[], $2::uuid[]) as p (shard, id)
    cross join lateral (select * from engine.event e where e.shard = p.shard and e.parent_id = p.id offset 0) e
    where e.cancellation_id is distinct from $3 and (e.link = 'keep' or e.cancellation_id is not null)
    union all
    select e.shard, e.id, false, e.cancellation_id
    from unnest($1::smallint[], $2::uuid[]) as p (shard, id)
    cross join lateral (select * from engine.event e where e.shard = p.shard and e.id = p.id offset 0) e
    where $4 and e.cancellation_id is not null and e.cancellation_id <> $3
  )
  union
  select e.shard, e.id, b.kept or e.link = 'keep', e.cancellation_id
  from below b
  cross join lateral (select * from engine.event e where e.shard = b.shard and e.parent_id = b.id offset 0) e
  -- Below a kept one there may be a target of its own, which is marked.
  where e.cancellation_id is distinct from $3
)
insert into engine.receipt_item (shard, cancellation_id, effect_id, outcome, ending, at, evidence, by_cancellation)
select s.shard, $3, s.effect_id,
  case when s.earlier is not null then 'already_cancelled' when s.ending is not null then 'done' else 'kept' end,
  s.ending, s.at, s.evidence, s.earlier
from (
  select f.shard, f.id as effect_id, d.ending, d.at, d.evidence, coalesce(d.cancellation_id, r.cancellation_id) as earlier
  from below b
  cross join lateral (select * from engine.effect f where f.shard = b.shard and f.event_id = b.id offset 0) f
  left join engine.ended d on d.shard = any (array[f.shard]) and d.effect_id = f.id
  left join engine.running r on r.shard = any (array[f.shard]) and r.effect_id = f.id
) s
on conflict do nothing
