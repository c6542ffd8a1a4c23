select pg_advisory_xact_lock(7301, g) from (select distinct g from unnest($1::int[]) as g order by g) as ordered
