-- Which of these names belonged to an event that was called off. By position: $1 tenants, $2 keys, $3 entities.
select w.position::int as position
from (select unnest($1::text[]) as tenant, unnest($2::text[]) as key, unnest($3::text[]) as entity,
    generate_series(1, cardinality($1::text[])) as position) w
where (select e.id from engine.event e
  where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
      = hashtextextended(w.tenant || chr(10) || w.key || chr(10) || w.entity, 0)
    and e.key is not null and e.tenant = w.tenant and e.key = w.key and e.entity = w.entity and e.cancellation_id is not null
  limit 1) is not null
