-- The latest cancellations by any of these keys. $1 tenant, $2 keys, $3 most.
select c.id
from (select unnest($2::text[]) as key) w
cross join lateral (
  select c.id, c.sequence from engine.cancellation c
  where hashtextextended(c.tenant || chr(10) || c.target_key, 0) = hashtextextended($1::text || chr(10) || w.key, 0)
    and c.target_key is not null and c.tenant = $1 and c.target_key = w.key
  order by c.sequence desc limit $3
) c
order by c.sequence desc limit $3
