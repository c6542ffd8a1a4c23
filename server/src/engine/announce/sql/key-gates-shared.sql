-- Locks: key gates.
-- An announcement and an early cancellation of the same key wait for each other at that key's gate. $1: hashes of keys.
select pg_advisory_xact_lock_shared(7302, h) from (select distinct h from unnest($1::int[]) as h order by h) as ordered
