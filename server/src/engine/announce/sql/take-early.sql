-- As find-early.sql, for events of which an early cancellation reaches one only: it is used up here. Of two announcements at one moment
-- the second waits, and finds it used. $1 now; then by position: $2 tenants, $3 keys, $4 entities.
with found as (
  select wanted.tenant, wanted.key, wanted.entity, c.id
  from (select unnest($2::text[]) as tenant, unnest($3::text[]) as key, unnest($4::text[]) as entity) wanted
  join lateral (
    select c.id from engine.cancellation c
    where hashtextextended(c.tenant || chr(10) || c.target_key, 0) = hashtextextended(wanted.tenant || chr(10) || wanted.key, 0)
      and c.target_key is not null and c.tenant = wanted.tenant and c.target_key = wanted.key and c.target_entity = wanted.entity
      and c.early_until > coalesce($1::timestamptz, clock_timestamp())
    order by c.sequence desc limit 1
  ) c on true
)
update engine.cancellation c set early_until = coalesce($1::timestamptz, clock_timestamp())
-- Looked up by its id: the condition is written such that the index of early cancellations is not walked for it.
from found f where c.id = any (array[f.id]) and coalesce(c.early_until, '-infinity') > coalesce($1::timestamptz, clock_timestamp())
returning f.tenant, f.key, f.entity, c.id
