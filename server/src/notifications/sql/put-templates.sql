-- $1 tenant, $2 unique names in lower case, $3 definitions.
insert into notifications.template (tenant, unique_name, definition)
select $1, n.unique_name, n.definition::jsonb
from unnest($2::text[], $3::text[]) as n (unique_name, definition)
on conflict (tenant, unique_name) do update set definition = excluded.definition
