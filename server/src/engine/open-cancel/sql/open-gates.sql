-- Locks: key gates, shard gates.
-- As cancel-gates.sql, but takes the shard gates alone. $1 hashes of keys, $2 gates.
select pg_advisory_xact_lock(7302, h) from (select distinct h from unnest($1::int[]) as h order by h) as keys
union all
select pg_advisory_xact_lock(7301, g) from (select distinct g from unnest($2::int[]) as g order by g) as gates
