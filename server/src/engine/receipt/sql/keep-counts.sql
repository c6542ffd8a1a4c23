update engine.cancellation set counts = $2::jsonb where id = $1 and counts is null
