-- Locks: key gates, shard gates.
-- One cancel of a key at a time. A cancel passes the gates of its shards together with starts, announcements and other cancels; only an
-- open cancellation takes a shard gate alone. `union all` keeps the order: key gates come before shard gates. $1 hashes of keys, $2 gates.
select pg_advisory_xact_lock(7302, h) from (select distinct h from unnest($1::int[]) as h order by h) as keys
union all
select pg_advisory_xact_lock_shared(7301, g) from (select distinct g from unnest($2::int[]) as g order by g) as gates
