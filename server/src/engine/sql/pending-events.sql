-- Live events of which something is under way, as in pending-counts.sql. $1 tenant; by position: $2 kinds, $3 what their data holds; $4 most.
select distinct e.id
from engine.effect f
join engine.event e on e.id = any (array[f.event_id]) and e.cancellation_id is null
join (select unnest($2::text[]) as kind, unnest($3::text[])::jsonb as holds) w on w.kind = e.kind and e.data::jsonb @> w.holds
where f.tenant = $1 and f.cancellation_id is null
  -- A huge one that was called off is still being marked.
  and ((select not exists (select from engine.open_cancellation)) or not exists (
    select from engine.event a join engine.open_cancellation o on o.shard = a.shard and o.tenant = a.tenant and a.sequence <= o.sequence_limit
      and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity))
    where a.id = any (e.cancel_path)))
order by e.id
limit $4
