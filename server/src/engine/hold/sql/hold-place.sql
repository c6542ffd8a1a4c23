-- Locks: hold.
-- Puts the whole database on hold. The caller holds all gates alone, so every earlier start has ended and every later one sees this row. An
-- existing hold stays as it is, unless $5: the hold in a restored backup is from before the backup. $1 now, $2 when the backup was made,
-- $3 who, $4 why, $5 whether an existing hold is replaced.
insert into engine.hold (since, backup_at, placed_by, reason)
values (coalesce($1::timestamptz, clock_timestamp()), $2::timestamptz, $3, $4)
on conflict (one_row) do update set since = excluded.since, backup_at = excluded.backup_at, placed_by = excluded.placed_by,
  reason = excluded.reason, sequence = excluded.sequence, partly = false, released_tenants = '{}'
  where $5::boolean
returning since
