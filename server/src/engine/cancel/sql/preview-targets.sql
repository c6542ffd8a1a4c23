-- What a cancel would name, by id, after $5, at most $6: the event $4, or every live one with the key.
-- $1 tenant, $2 key, $3 entity, $4 event (null: by key).
select t.id, 'cancel' as link, t.cancellation_id,
  (select c.id from engine.event c where c.parent_id = t.id limit 1) is not null as has_children
from (
  select e.id, e.cancellation_id from engine.event e
  where e.id = $4::uuid and e.tenant = $1
  union all
  select e.id, e.cancellation_id from engine.event e
  where $4::uuid is null
    and hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
      = hashtextextended($1::text || chr(10) || $2::text || chr(10) || $3::text, 0)
    and e.key is not null and e.tenant = $1 and e.key = $2 and e.entity = $3 and e.cancellation_id is null
) t
where t.id > $5
order by t.id
limit $6
