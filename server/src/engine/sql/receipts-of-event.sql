-- Asked for by this event's id, or one that took it along. $1 tenant, $2 shard of the event, $3 event, $4 most.
with its_own as materialized (
  select cancellation_id, key from engine.event where shard = $2 and id = $3 and tenant = $1
)
select t.id from (
  select c.id, c.birth from engine.cancellation c where c.tenant = $1 and c.target_event = $3
  union
  select c.id, c.birth from its_own e
  join engine.cancellation c on c.shard = $2 and c.id = e.cancellation_id
  union
  -- A cancel by the key of an aliased child stands in that key's shard.
  select c.id, c.birth from its_own e
  join engine.cancellation c on c.tenant = $1 and c.target_key = e.key and c.id = e.cancellation_id
) t
order by t.birth desc limit $4
