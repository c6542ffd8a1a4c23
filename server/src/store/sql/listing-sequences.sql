select schemaname as schema, sequencename as name, data_type::text as type, start_value as start,
  increment_by as increment, cache_size as cache, cycle
from pg_catalog.pg_sequences
where schemaname = any ($1::text[])
order by schemaname collate "C", sequencename collate "C"
