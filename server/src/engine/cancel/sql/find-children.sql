-- Children of these events, at most $2 of them. $1 parents.
select c.*
from unnest($1::uuid[]) as p (id)
cross join lateral (
  select e.shard, e.id, e.parent_id, e.link from engine.event e where e.parent_id = p.id order by e.id limit $2) c
limit $2
