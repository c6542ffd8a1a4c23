-- Children of these events, in the order of the parents and then of their own ids. The lateral join reads one parent at a time, so the rows
-- come in this order and the limit ends the work. $1 parents, $2 of the first parent only children after this id, $3 limit.
select p.n::int as parent, c.id, c.link
from unnest($1::uuid[]) with ordinality as p (id, n)
cross join lateral (
  select e.id, e.link from engine.event e
  where e.parent_id = p.id and e.id > case when p.n = 1 then $2::uuid else '00000000-0000-0000-0000-000000000000' end
  order by e.id limit $3) c
limit $3
