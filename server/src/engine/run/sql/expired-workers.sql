-- Workers whose lease ran out, and workers without a row that left batches behind. $1 now.
select w.id, true as registered from engine.worker w where w.alive_until < coalesce($1::timestamptz, clock_timestamp())
union
select b.worker, false from engine.start_batch b where not exists (select from engine.worker w where w.id = b.worker)
