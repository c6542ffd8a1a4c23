select pg_advisory_xact_lock(7302, h) from (select distinct h from unnest($1::int[]) as h order by h) as ordered
