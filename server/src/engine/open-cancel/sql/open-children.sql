-- Children of these events, in the order of the parents and of their own ids, from a place on. $1 parents, $2 after this child of the first
-- of them, $3 most. What is joined in is one parent's each, so the rows come in this order and the limit ends the work.
select p.n::int as parent, c.id, c.link
from unnest($1::uuid[]) with ordinality as p (id, n)
cross join lateral (
  select e.id, e.link from engine.event e
  where e.parent_id = p.id and e.id > case when p.n = 1 then $2::uuid else '00000000-0000-0000-0000-000000000000' end
  order by e.id limit $3) c
limit $3
