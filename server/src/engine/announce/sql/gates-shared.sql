-- Locks: shard gates.
-- Starts and announcements pass the gates of their shards together; only an open cancellation takes a gate alone. Gates are taken in the
-- order of their numbers, so that no two transactions wait for each other. $1: gates.
select pg_advisory_xact_lock_shared(7301, g) from (select distinct g from unnest($1::int[]) as g order by g) as ordered
