-- Writes down events of an open cancellation in the order in which they were found. $1 cancellation, $2 events, $3 how each stands.
insert into engine.receipt_event (cancellation_id, event_id, shard, how)
select $1, f.id, ('x' || substr(f.id::text, 17, 2))::bit(8)::int, f.how
from (select unnest($2::uuid[]) as id, unnest($3::text[]) as how) f
on conflict do nothing
