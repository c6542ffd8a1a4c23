-- Asked for by this event's id, or one that took it along. $1 tenant, $2 shard of the event, $3 event, $4 most.
select t.id from (
  select c.id, c.birth from engine.cancellation c where c.tenant = $1 and c.target_event = $3
  union
  select c.id, c.birth from engine.event e
  join engine.cancellation c on c.shard = e.shard and c.id = e.cancellation_id
  where e.shard = $2 and e.id = $3 and e.tenant = $1
  union
  -- A cancel by the key of an aliased child stands in that key's shard.
  select c.id, c.birth from engine.event e
  join engine.cancellation c on c.tenant = $1 and c.target_key = e.key and c.id = e.cancellation_id
  where e.shard = $2 and e.id = $3 and e.tenant = $1
) t
order by t.birth desc limit $4
