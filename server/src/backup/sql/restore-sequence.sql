select pg_catalog.setval(pg_catalog.format('%I.%I', $1::text, $2::text)::regclass, $3::bigint)
