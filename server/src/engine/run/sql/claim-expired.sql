-- Declares a worker dead, unless it has beaten since it was found expired: this statement waits for a heartbeat that is under way.
-- After it, the worker's heartbeats find no row, so it joins again under a new id. $1 now, $2 worker.
update engine.worker set alive_until = '-infinity'
where id = $2 and alive_until < coalesce($1::timestamptz, clock_timestamp())
returning id
