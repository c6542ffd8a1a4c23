-- What is due, at most as many of a lane as it has free slots: claimed is not started, so this locks nothing. Full lanes
-- are left out in the scan. What an open cancellation covers is left to be marked.
-- $1 now, $2 rows to look at, $3 most to choose, $4 full lanes, $5 lanes in use, $6 their free slots, $7 kinds, $8 slots of each kind.
with due as (
  select p.shard, p.effect_id, p.lane, p.kind, p.due_at
  from engine.pending p
  -- A subquery: asked row by row, a volatile clock could not bound the index, and all that is still to come would be read.
  where p.due_at <= (select coalesce($1::timestamptz, clock_timestamp()))
    and p.lane <> all ($4::text[]) and p.kind = any ($7::text[])
    and not exists (
      select from engine.open_cancellation o
      join engine.event e on e.shard = any (array[o.shard]) and e.id = p.event_id and e.tenant = o.tenant
      join engine.event a on a.shard = any (array[e.shard]) and a.id = any (e.line) and a.birth <= o.birth_limit
      where o.shard = p.shard and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity)))
  order by p.due_at
  limit $2
), placed as (
  select d.*, row_number() over (partition by d.lane order by d.due_at) as place from due d
)
select p.shard, p.effect_id
from placed p
join unnest($7::text[], $8::int[]) as k (kind, slots) on k.kind = p.kind
left join unnest($5::text[], $6::int[]) as used (lane, free) on used.lane = p.lane
where p.place <= coalesce(used.free, k.slots)
order by p.due_at
limit $3
