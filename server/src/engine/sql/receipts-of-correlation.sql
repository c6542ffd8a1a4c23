-- The id stood on the cancel, or on the event that it called off. $1 tenant, $2 correlation, $3 most.
select t.id from (
  select c.id, c.birth from engine.cancellation c where c.tenant = $1 and c.correlation_id = $2
  union
  select c.id, c.birth
  from (select shard, cancellation_id from engine.event where tenant = $1 and correlation_id = $2 offset 0) e
  join engine.cancellation c on c.shard = any (array[e.shard]) and c.id = e.cancellation_id and c.tenant = $1
) t
order by t.birth desc limit $3
