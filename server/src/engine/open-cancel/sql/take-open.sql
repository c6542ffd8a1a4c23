-- Locks: open cancellations. A tenant's oldest open cancellation, unless another process marks it just now. It must be the oldest: a
-- later one names it as the cancellation that has called off what both cover. $1 tenant.
select o.*, c.caller, c.caller_api, c.caller_name, c.reason, c.correlation_id, c.data, c.target_kind, c.at
from engine.open_cancellation o
join engine.cancellation c on c.id = any (array[o.cancellation_id])
where o.shard = o.home and o.tenant = $1
  and not exists (select from engine.open_cancellation b where b.tenant = o.tenant and b.sequence_limit < o.sequence_limit)
limit 1
for update of o skip locked
