-- Notices of these cancellations that ended long ago. $1 cancellations, $2 before, $3 most.
with old as (
  select d.shard, d.effect_id
  from unnest($1::uuid[]) as c (id)
  -- Offset 0: from here on, not from all that ever ended.
  cross join lateral (select f.shard, f.id from engine.effect f where f.notice_of = c.id offset 0) f
  join engine.ended d on d.shard = any (array[f.shard]) and d.effect_id = f.id and d.at < $2
  limit $3
), gone as (
  delete from engine.ended d using old o where d.shard = any (array[o.shard]) and d.effect_id = o.effect_id and d.at < $2
  returning d.shard, d.effect_id
)
delete from engine.effect f using gone g where f.shard = any (array[g.shard]) and f.id = g.effect_id
returning f.shard, f.id
