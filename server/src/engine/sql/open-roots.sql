-- What an open cancellation names and is not marked yet. $1 shard, $2 tenant, $3 event, $4 key, $5 birth limit, $6 most, $7 entity.
(select e.shard, e.id from engine.event e
 where e.shard = $1 and e.tenant = $2 and e.key = $4 and e.entity = $7 and e.cancellation_id is null and e.birth <= $5
 limit $6)
union all
(select e.shard, e.id from engine.alias a
 join engine.event e on e.shard = any (array[a.event_shard]) and e.id = a.event_id and e.entity = $7 and e.cancellation_id is null and e.birth <= $5
 where a.shard = $1 and a.tenant = $2 and a.key = $4
 limit $6)
union all
(select e.shard, e.id from engine.event e
 where e.shard = $1 and e.id = $3 and e.tenant = $2 and e.cancellation_id is null)
