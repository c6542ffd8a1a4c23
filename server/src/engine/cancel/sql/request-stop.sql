-- Locks: effects. Asks running effects to stop. How each one ended is written later: by its runner, by an answer from outside, or when the
-- 30 seconds of the receipt are over. By position: $1 effects, $2 cancellations.
update engine.effect f set cancellation_id = w.cancellation_id
from (select unnest($1::uuid[]) as id, unnest($2::uuid[]) as cancellation_id) w
where f.id = any (array[w.id]) and f.state <> 'pending' and f.cancellation_id is null
returning f.id, f.worker
