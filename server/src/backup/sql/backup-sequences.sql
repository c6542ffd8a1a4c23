-- Null: not used yet.
select schemaname as schema, sequencename as name, last_value::text as value
from pg_catalog.pg_sequences
where schemaname = any ($1::text[])
order by schemaname collate "C", sequencename collate "C"
