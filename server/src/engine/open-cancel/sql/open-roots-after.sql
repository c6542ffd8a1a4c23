-- How far an open cancellation has looked for what others had called off. $1 cancellation, $2 sequence.
update engine.open_cancellation set roots_after = $2 where cancellation_id = $1 and shard = home
