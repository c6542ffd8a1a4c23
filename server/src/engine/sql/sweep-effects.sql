-- Effects of these events that ended long ago and stand in no receipt. Whoever deletes an ended row has the effect: one that a
-- person tries again this moment stays. $1 shards, $2 events, $3 before, $4 most.
with old as (
  select d.shard, d.effect_id
  from unnest($1::smallint[], $2::uuid[]) as e (shard, id)
  cross join lateral (select f.shard, f.id from engine.effect f where f.shard = e.shard and f.event_id = e.id offset 0) f
  join engine.ended d on d.shard = any (array[f.shard]) and d.effect_id = f.id and d.at < $3
  where (select c.id from engine.cancellation c
      where c.shard = (('x' || substr(d.cancellation_id::text, 17, 2))::bit(8)::int) and c.id = d.cancellation_id) is null
    and (select c.birth from engine.receipt_item i
      join engine.cancellation c
        on c.shard = any (array[('x' || substr(i.cancellation_id::text, 17, 2))::bit(8)::int]) and c.id = i.cancellation_id
      where i.effect_id = f.id limit 1) is null
  limit $4
), gone as (
  delete from engine.ended d using old o where d.shard = any (array[o.shard]) and d.effect_id = o.effect_id and d.at < $3
  returning d.shard, d.effect_id
), items as (
  delete from engine.receipt_item i using gone g where i.effect_id = any (array[g.effect_id])
)
delete from engine.effect f using gone g where f.shard = any (array[g.shard]) and f.id = g.effect_id
returning f.shard, f.id
