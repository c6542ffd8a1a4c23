-- $1 cancellation, $2 sequence of the last event whose children were all found, $3 last child of the next one.
update engine.open_cancellation set parents_after = $2, child_after = $3 where cancellation_id = $1 and shard = home
