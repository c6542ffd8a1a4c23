-- Live events with a key. $1 shard of the key's entity, $2 tenant, $3 key, $4 entity.
select * from (
  select e.shard, e.id, e.tenant, e.kind, e.key, e.entity, e.parent_id, e.link, e.root_id, e.title, e.data, e.correlation_id,
    e.created_at, e.cancellation_id, e.birth
  from engine.event e
  where e.shard = $1 and e.tenant = $2 and e.key = $3 and e.entity = $4 and e.cancellation_id is null
  union all
  select e.shard, e.id, e.tenant, e.kind, e.key, e.entity, e.parent_id, e.link, e.root_id, e.title, e.data, e.correlation_id,
    e.created_at, e.cancellation_id, e.birth
  from engine.alias a
  join engine.event e on e.shard = any (array[a.event_shard]) and e.id = a.event_id and e.entity = $4 and e.cancellation_id is null
  where a.shard = $1 and a.tenant = $2 and a.key = $3
) e
order by e.birth
limit 1000
