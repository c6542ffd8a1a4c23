-- $1 tenant, $2 unique names, $3 definitions; their order is the order in the desktop.
insert into notifications.channel (tenant, unique_name, position, definition)
select $1, n.unique_name, n.position, n.definition::jsonb
from unnest($2::text[], $3::text[]) with ordinality as n (unique_name, definition, position)
on conflict (tenant, unique_name) do update set definition = excluded.definition, position = excluded.position
