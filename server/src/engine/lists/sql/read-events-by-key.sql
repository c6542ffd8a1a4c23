-- Live events with a key. $1 tenant, $2 key, $3 entity.
select e.shard, e.id, e.tenant, e.kind, e.key, e.entity, e.parent_id, e.link, e.root_id, e.title, e.data, e.correlation_id,
  e.created_at, e.cancellation_id, e.sequence
from engine.event e
where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
    = hashtextextended($1::text || chr(10) || $2::text || chr(10) || $3::text, 0)
  and e.key is not null and e.tenant = $1 and e.key = $2 and e.entity = $3 and e.cancellation_id is null
order by e.sequence
limit 1000
