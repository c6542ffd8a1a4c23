-- Children of these events that are still to be marked. $1 shards, $2 parents, $3 most.
select e.*
from unnest($1::smallint[], $2::uuid[]) as p (shard, id)
cross join lateral (
  select e.shard, e.id, e.birth from engine.event e
  where e.shard = p.shard and e.parent_id = p.id and e.link = 'cancel' and e.cancellation_id is null offset 0) e
limit $3
