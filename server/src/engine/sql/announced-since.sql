-- Whether anything live with a key was born after a number. $1 shard, $2 tenant, $3 key, $4 entity, $5 birth.
select exists (
  select from engine.event e
  where e.shard = $1 and e.tenant = $2 and e.key = $3 and e.entity = $4 and e.cancellation_id is null and e.birth > $5
) or exists (
  select from engine.alias a
  join engine.event e on e.shard = any (array[a.event_shard]) and e.id = a.event_id and e.entity = $4 and e.cancellation_id is null and e.birth > $5
  where a.shard = $1 and a.tenant = $2 and a.key = $3
) as announced
