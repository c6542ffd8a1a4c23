-- Locks: events.
-- By position: $1 events, $2 cancellations. An event that was cancelled before stays with its first cancellation.
update engine.event e set cancellation_id = w.cancellation_id
from (select unnest($1::uuid[]) as id, unnest($2::uuid[]) as cancellation_id) w
where e.id = any (array[w.id]) and e.cancellation_id is null
