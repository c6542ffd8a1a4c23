-- What a cancel would name, by id, after $6, at most $7: the event $5, or every live one with the key, aliases included.
-- $1 shard, $2 tenant, $3 key, $4 entity, $5 event (null: by key).
select t.id, 'cancel' as link, t.cancellation_id,
  exists (select from engine.event c where c.shard = t.shard and c.parent_id = t.id) as has_children
from (
  select e.shard, e.id, e.cancellation_id from engine.event e
  where e.shard = $1 and e.id = $5::uuid and e.tenant = $2
  union all
  select e.shard, e.id, e.cancellation_id from engine.event e
  where $5::uuid is null and e.shard = $1 and e.tenant = $2 and e.key = $3 and e.entity = $4 and e.cancellation_id is null
  union all
  select e.shard, e.id, e.cancellation_id from engine.alias a
  join engine.event e on e.shard = any (array[a.event_shard]) and e.id = a.event_id and e.entity = $4
    and e.cancellation_id is null
  where $5::uuid is null and a.shard = $1 and a.tenant = $2 and a.key = $3
) t
where t.id > $6
order by t.id
limit $7
