update engine.cancellation set counts = $3::jsonb where shard = $1 and id = $2 and counts is null
