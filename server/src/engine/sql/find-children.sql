-- Children of these events, at most $3 of them. $1 shards, $2 parents.
select e.shard, e.id, e.parent_id, e.link
from unnest($1::smallint[], $2::uuid[]) as p (shard, id)
join engine.event e on e.shard = p.shard and e.parent_id = p.id
limit $3
