-- Locks: hold.
-- Puts the whole database on hold. All gates are held alone: a start that is under way has ended, a later one sees this row. A hold that is
-- there stays as it is, unless $5: a restored one is of the time before its backup. $1 now, $2 when the backup was made, $3 who, $4 why,
-- $5 whether it takes the place of one that is there.
insert into engine.hold (since, backup_at, placed_by, reason)
values (coalesce($1::timestamptz, clock_timestamp()), $2::timestamptz, $3, $4)
on conflict (one_row) do update set since = excluded.since, backup_at = excluded.backup_at, placed_by = excluded.placed_by,
  reason = excluded.reason, sequence = excluded.sequence, partly = false, released_tenants = '{}'
  where $5::boolean
returning since
