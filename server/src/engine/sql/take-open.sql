-- One open cancellation that no other process is marking just now. Of several, the one with the smallest cancellation.
select o.*, c.caller, c.caller_api, c.caller_name, c.reason, c.correlation_id, c.data, c.target_entity, c.target_kind
from engine.open_cancellation o
join engine.cancellation c on c.shard = o.shard and c.id = o.cancellation_id
order by o.cancellation_id
limit 1
for update of o skip locked
