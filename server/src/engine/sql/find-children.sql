-- Children of these events, at most $3 of them. $1 shards, $2 parents.
select e.*
from unnest($1::smallint[], $2::uuid[]) as p (shard, id)
cross join lateral (
  select e.shard, e.id, e.parent_id, e.link from engine.event e where e.shard = p.shard and e.parent_id = p.id offset 0) e
limit $3
