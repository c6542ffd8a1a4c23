-- Removes a dead worker's row, unless it has beaten again or rescue still has batches of it. $1 now, $2 worker.
delete from engine.worker w
where w.id = $2 and w.alive_until < coalesce($1::timestamptz, clock_timestamp())
  and not exists (select from engine.start_batch b where b.worker = w.id)
