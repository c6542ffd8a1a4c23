-- Early cancellations that wait for one of these keys. $1 now; then by position: $2 tenants, $3 keys, $4 entities.
select wanted.tenant, wanted.key, wanted.entity, c.id
from (select unnest($2::text[]) as tenant, unnest($3::text[]) as key, unnest($4::text[]) as entity) wanted
join lateral (
  select c.id from engine.cancellation c
  where hashtextextended(c.tenant || chr(10) || c.target_key, 0) = hashtextextended(wanted.tenant || chr(10) || wanted.key, 0)
    and c.target_key is not null and c.tenant = wanted.tenant and c.target_key = wanted.key and c.target_entity = wanted.entity
    and c.early_until > coalesce($1::timestamptz, clock_timestamp())
  order by c.sequence desc limit 1
) c on true
