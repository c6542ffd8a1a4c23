-- Locks: start batches.
-- Marks start batches as lost, because nobody knows how they went: those of processes whose lease has run out. $1 now.
with gone as (
  select b.id from engine.start_batch b
  where not b.lost and not exists (
    select from engine.worker w where w.id = b.worker and w.alive_until >= coalesce($1::timestamptz, clock_timestamp()))
  order by b.id for update
)
update engine.start_batch b set lost = true from gone g where b.id = g.id
