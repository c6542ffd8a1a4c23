-- Live events with a key. $1 shard of the key's entity, $2 tenant, $3 key, $4 entity.
select e.shard, e.id, e.tenant, e.kind, e.key, e.entity, e.parent_id, e.link, e.root_id, e.title, e.data, e.correlation_id,
  e.created_at, e.cancellation_id, e.birth
from engine.event e
where e.cancellation_id is null and e.entity = $4 and ((e.shard = $1 and e.tenant = $2 and e.key = $3)
  or (e.shard, e.id) in (select a.event_shard, a.event_id from engine.alias a where a.shard = $1 and a.tenant = $2 and a.key = $3))
order by e.birth
limit 1000
