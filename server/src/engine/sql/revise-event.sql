-- Locks: events.
update engine.event set title = coalesce($2, title), data = coalesce($3::json, data) where id = $1
