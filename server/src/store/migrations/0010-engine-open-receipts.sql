-- A huge cancel is acknowledged first and written down behind; its effects have their time to end from then on, so its receipt
-- is final that much later. Null: it was written down at once.
alter table engine.cancellation add column marked_for interval;

-- Early cancellations of a key, which every announcement of one looks for. Without it all cancels that the key ever had are read.
create index cancellation_early on engine.cancellation (hashtextextended(tenant || chr(10) || target_key, 0), sequence)
  where early_until is not null;
