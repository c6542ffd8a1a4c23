select e.shard, e.id, e.tenant, e.kind, e.key, e.entity, e.parent_id, e.link, e.root_id, e.title, e.data, e.correlation_id,
  e.created_at, e.cancellation_id, e.sequence
from engine.event e where e.id = $1 and e.tenant = $2
