select e.shard, e.id, e.tenant, e.kind, e.key, e.entity, e.parent_id, e.link, e.root_id, e.title, e.data, e.correlation_id,
  e.created_at, e.cancellation_id, e.birth
from engine.event e where e.shard = $1 and e.id = $2 and e.tenant = $3
