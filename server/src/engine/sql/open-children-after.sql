update engine.open_cancellation set children_after = $3 where shard = $1 and cancellation_id = $2
