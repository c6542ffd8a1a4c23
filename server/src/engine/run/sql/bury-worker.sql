-- Only when it has not come back to life, and nothing is left to be rescued. $1 now, $2 worker.
delete from engine.worker w
where w.id = $2 and w.alive_until < coalesce($1::timestamptz, clock_timestamp())
  and not exists (select from engine.start_batch b where b.worker = w.id)
