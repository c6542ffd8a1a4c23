-- $1 shards, $2 events, $3 cancellations. An event that was cancelled before stays with its first cancellation.
update engine.event e set cancellation_id = w.cancellation_id
from unnest($1::smallint[], $2::uuid[], $3::uuid[]) as w (shard, id, cancellation_id)
where e.shard = any (array[w.shard]) and e.id = w.id and e.cancellation_id is null
