-- Events that came after their early cancellation: each is written into that cancellation's receipt. $1 cancellations, $2 events, $3 shards.
with met as (
  insert into engine.receipt_event (cancellation_id, event_id, shard, how)
  select m.cancellation_id, m.event_id, m.shard, 'met'
  from (select unnest($1::uuid[]) as cancellation_id, unnest($2::uuid[]) as event_id, unnest($3::smallint[]) as shard) m
  returning cancellation_id
)
update engine.cancellation c set newest_event = (select last_value from engine.sequence_number)
from (select distinct cancellation_id from met) m where c.id = any (array[m.cancellation_id])
