-- Everything that must go together with a seed: its tree, the receipts that any event or effect of the tree is in, and the trees that
-- are in those receipts. `alive`: it has not ended long ago, so nothing of the whole may go. `effects`: how many effects it has (a
-- receipt: its notices). What an open cancellation may still have to write down is alive.
-- $1 ids, $2 whether it is an event, $3 before, $4 kinds of event whose domains may keep them, $5 false: only what is alive, receipts,
-- and events of those kinds; $6 row limit.
with recursive part (seed, is_event, id) as (
  select s.seed, s.is_event, s.id
  from unnest($1::uuid[], $2::boolean[]) with ordinality as s (id, is_event, seed)
  union
  select p.seed, n.is_event, n.id
  from part p
  cross join lateral (
    (select true as is_event, e.id from engine.event e where p.is_event and e.parent_id = p.id offset 0)
    union all
    select true, u.id
    from (select e.parent_id from engine.event e where p.is_event and e.id = p.id offset 0) e
    cross join lateral (select u.id from engine.event u where u.id = e.parent_id offset 0) u
    union all
    select false, c.id
    from (select e.cancellation_id from engine.event e where p.is_event and e.id = p.id offset 0) e
    cross join lateral (select c.id from engine.cancellation c where c.id = e.cancellation_id offset 0) c
    union all
    (select false, c.id from engine.cancellation c where p.is_event and c.target_event = p.id offset 0)
    union all
    select false, c.id
    from (select d.cancellation_id from engine.ended d where p.is_event and d.event_id = p.id offset 0) d
    cross join lateral (select c.id from engine.cancellation c where c.id = d.cancellation_id offset 0) c
    union all
    select false, c.id
    from (select d.id from engine.ended d where p.is_event and d.event_id = p.id offset 0) d
    cross join lateral (select i.cancellation_id from engine.receipt_item i where i.effect_id = d.id offset 0) i
    cross join lateral (select c.id from engine.cancellation c where c.id = i.cancellation_id offset 0) c
    union all
    select true, e.id
    from (select c.event_ids from engine.cancellation c where not p.is_event and c.id = p.id offset 0) c
    cross join unnest(c.event_ids) as called_off (id)
    cross join lateral (select e.id from engine.event e where e.id = called_off.id offset 0) e
    union all
    select true, e.id
    from (select r.event_id from engine.receipt_event r where not p.is_event and r.cancellation_id = p.id offset 0) r
    cross join lateral (select e.id from engine.event e where e.id = r.event_id offset 0) e
    union all
    select true, e.id
    from (select c.target_event from engine.cancellation c where not p.is_event and c.id = p.id offset 0) c
    cross join lateral (select e.id from engine.event e where e.id = c.target_event offset 0) e
    union all
    select true, e.id
    from (select d.event_id from engine.ended d where not p.is_event and d.cancellation_id = p.id offset 0) d
    cross join lateral (select e.id from engine.event e where e.id = d.event_id offset 0) e
    union all
    select true, e.id
    from (select i.effect_id from engine.receipt_item i where not p.is_event and i.cancellation_id = p.id offset 0) i
    cross join lateral (
      select d.event_id from engine.ended d where d.id = i.effect_id
      union all
      select f.event_id from engine.effect f where f.id = i.effect_id offset 0) d
    cross join lateral (select e.id from engine.event e where e.id = d.event_id offset 0) e
  ) n
)
select p.seed::int, p.is_event, p.id, s.kind, coalesce(s.effects, 0)::int as effects, coalesce(s.alive, true) as alive
from part p
left join lateral (
  select e.kind, own.effects,
    e.created_at >= $3 or own.unfinished or exists (select from engine.open_cancellation o where o.shard = e.shard) as alive
  from engine.event e
  cross join lateral (
    select (select count(*) from engine.ended d where d.event_id = e.id) as effects,
      (select f.id from engine.effect f where f.event_id = e.id limit 1) is not null
        or (select d.id from engine.ended d where d.event_id = e.id and d.at >= $3 limit 1) is not null as unfinished
  ) own
  where p.is_event and e.id = any (array[p.id])
  union all
  select null, own.effects,
    c.open or c.final_by >= $3 or coalesce(c.early_until >= $3, false) or own.unfinished
  from engine.cancellation c
  cross join lateral (
    select (select count(*) from engine.ended d where d.notice_of = c.id) as effects,
      (select f.id from engine.effect f where f.notice_of = c.id limit 1) is not null
        or (select d.id from engine.ended d where d.notice_of = c.id and d.at >= $3 limit 1) is not null as unfinished
  ) own
  where not p.is_event and c.id = any (array[p.id])
) s on true
where $5 or coalesce(s.alive, true) or not p.is_event or s.kind = any ($4::text[])
limit $6
