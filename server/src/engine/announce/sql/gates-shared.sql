-- Locks: shard gates.
-- Starts and births pass the gates of their shards together; only an open cancellation takes one alone. In order of the
-- gate's number, so that nobody waits in a circle. $1: gates.
select pg_advisory_xact_lock_shared(7301, g) from (select distinct g from unnest($1::int[]) as g order by g) as ordered
