-- Which of these events an open cancellation covers, and which one (see statements.ts). The caller has passed the gates in an earlier
-- statement. $1 ids.
select distinct on (e.id) e.id, o.cancellation_id
from (select true as is_so where exists (select from engine.open_cancellation)) any_open
cross join unnest($1::uuid[]) as wanted (id)
cross join lateral (select * from engine.event e where e.id = wanted.id offset 0) e
cross join lateral (select * from engine.event a where a.id = any (e.cancel_path) offset 0) a
join engine.open_cancellation o on o.shard = e.shard and o.tenant = e.tenant and a.sequence <= o.sequence_limit
  and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity))
order by e.id, o.sequence_limit
