-- Locks: key gates, shard gates.
-- One cancel of a key at a time; and together with starts, births and other cancels through the gates of its shards, which
-- an open cancellation takes alone. Appended in this order: key gates come before shard gates. $1 hashes of keys, $2 gates.
select pg_advisory_xact_lock(7302, h) from (select distinct h from unnest($1::int[]) as h order by h) as keys
union all
select pg_advisory_xact_lock_shared(7301, g) from (select distinct g from unnest($2::int[]) as g order by g) as gates
