-- Everything that each seed hangs together with: up and down its tree, the receipts that any of it stands in, and what else
-- stands in those. `alive`: it has not ended long ago, so nothing of all that may go. `effects`: how many it has (of a
-- receipt, its notices). What an open cancellation may still have to write down is alive.
-- $1 shards, $2 ids, $3 whether it is an event, $4 before, $5 kinds whose rooms are asked, $6 false: only what is alive, receipts, and
-- events of those kinds; $7 most rows.
with recursive part (seed, is_event, shard, id) as (
  select s.seed, s.is_event, s.shard, s.id
  from unnest($1::smallint[], $2::uuid[], $3::boolean[]) with ordinality as s (shard, id, is_event, seed)
  union
  select p.seed, n.is_event, n.shard, n.id
  from part p
  cross join lateral (
    (select true as is_event, e.shard, e.id
     from engine.event e where p.is_event and e.shard = p.shard and e.parent_id = p.id offset 0)
    union all
    select true, u.shard, u.id
    from (select e.shard, e.parent_id from engine.event e where p.is_event and e.shard = p.shard and e.id = p.id offset 0) e
    cross join lateral (select u.shard, u.id, u.birth from engine.event u where u.shard = e.shard and u.id = e.parent_id offset 0) u
    union all
    select false, c.shard, c.id
    from (select e.cancellation_id from engine.event e where p.is_event and e.shard = p.shard and e.id = p.id offset 0) e
    cross join lateral (
      select c.shard, c.id from engine.cancellation c where c.shard = (('x' || substr(e.cancellation_id::text, 17, 2))::bit(8)::int) and c.id = e.cancellation_id offset 0) c
    union all
    (select false, c.shard, c.id from engine.cancellation c where p.is_event and c.target_event = p.id offset 0)
    union all
    select false, c.shard, c.id
    from (select f.shard, f.id from engine.effect f where p.is_event and f.shard = p.shard and f.event_id = p.id offset 0) f
    cross join lateral (select d.cancellation_id from engine.ended d where d.shard = f.shard and d.effect_id = f.id offset 0) d
    cross join lateral (
      select c.shard, c.id from engine.cancellation c where c.shard = (('x' || substr(d.cancellation_id::text, 17, 2))::bit(8)::int) and c.id = d.cancellation_id offset 0) c
    union all
    select false, c.shard, c.id
    from (select f.shard, f.id from engine.effect f where p.is_event and f.shard = p.shard and f.event_id = p.id offset 0) f
    cross join lateral (select i.cancellation_id from engine.receipt_item i where i.effect_id = f.id offset 0) i
    cross join lateral (
      select c.shard, c.id from engine.cancellation c where c.shard = (('x' || substr(i.cancellation_id::text, 17, 2))::bit(8)::int) and c.id = i.cancellation_id offset 0) c
    union all
    (select true, e.shard, e.id from engine.event e where not p.is_event and e.cancellation_id = p.id offset 0)
    union all
    select true, e.shard, e.id
    from (select c.target_event from engine.cancellation c where not p.is_event and c.shard = p.shard and c.id = p.id offset 0) c
    cross join lateral (
      select e.shard, e.id from engine.event e where e.shard = (('x' || substr(c.target_event::text, 17, 2))::bit(8)::int) and e.id = c.target_event offset 0) e
    union all
    select true, d.shard, d.event_id
    from (select d.shard, d.event_id from engine.ended d where not p.is_event and d.cancellation_id = p.id offset 0) d
    cross join lateral (select from engine.event e where e.shard = d.shard and e.id = d.event_id offset 0) e
    union all
    select true, f.shard, f.event_id
    from (select i.shard, i.effect_id from engine.receipt_item i where not p.is_event and i.cancellation_id = p.id offset 0) i
    cross join lateral (select f.shard, f.event_id from engine.effect f where f.shard = i.shard and f.id = i.effect_id offset 0) f
    cross join lateral (select from engine.event e where e.shard = f.shard and e.id = f.event_id offset 0) e
  ) n
)
select p.seed::int, p.is_event, p.shard, p.id, s.kind, coalesce(s.effects, 0)::int as effects, coalesce(s.alive, true) as alive
from part p
left join lateral (
  select e.kind, own.effects,
    e.created_at >= $4 or own.unfinished > 0
      or exists (select from engine.open_cancellation o where o.shard = e.shard) as alive
  from engine.event e
  cross join lateral (
    select count(*) as effects, count(*) filter (where d.effect_id is null or d.at >= $4) as unfinished
    from engine.effect f left join engine.ended d on d.shard = any (array[f.shard]) and d.effect_id = f.id
    where f.shard = any (array[e.shard]) and f.event_id = e.id
  ) own
  where p.is_event and e.shard = any (array[p.shard]) and e.id = p.id
  union all
  select null, own.effects,
    c.open or c.final_by >= $4 or coalesce(c.early_until >= $4, false) or own.unfinished > 0
  from engine.cancellation c
  cross join lateral (
    select count(*) as effects, count(*) filter (where d.effect_id is null or d.at >= $4) as unfinished
    from engine.effect f left join engine.ended d on d.shard = any (array[f.shard]) and d.effect_id = f.id
    where f.notice_of = c.id
  ) own
  where not p.is_event and c.shard = any (array[p.shard]) and c.id = p.id
) s on true
where $6 or coalesce(s.alive, true) or not p.is_event or s.kind = any ($5::text[])
limit $7
