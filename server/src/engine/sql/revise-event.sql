update engine.event set title = coalesce($3, title), data = coalesce($4::jsonb, data) where shard = $1 and id = $2
