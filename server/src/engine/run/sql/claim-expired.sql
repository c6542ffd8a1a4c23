-- Takes a worker for dead, if it has not beaten since it was found expired: a beat that is under way is waited for, and counts. From
-- here on its beats fail, so it goes on under another name. $1 now, $2 worker.
update engine.worker set alive_until = '-infinity'
where id = $2 and alive_until < coalesce($1::timestamptz, clock_timestamp())
returning id
