-- How much is under way of events that are of a kind and hold something in their data, for each place; place 0: of all of them, each once.
-- $1 tenant; then by position: $2 places, from 1, $3 kinds of event, $4 what their data holds.
with found as materialized (
  select w.place, e.id as event_id, f.id
  from engine.effect f
  join engine.event e on e.id = any (array[f.event_id]) and e.cancellation_id is null
  join (select unnest($2::int[]) as place, unnest($3::text[]) as kind, unnest($4::text[])::jsonb as holds) w
    on w.kind = e.kind and e.data::jsonb @> w.holds
  where f.tenant = $1 and f.cancellation_id is null
    -- A huge one that was called off is still being marked.
    and ((select not exists (select from engine.open_cancellation)) or not exists (
      select from engine.event a join engine.open_cancellation o on o.shard = a.shard and o.tenant = a.tenant and a.sequence <= o.sequence_limit
        and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity))
      where a.id = any (e.cancel_path)))
)
select f.place, count(distinct f.event_id)::int as events, count(distinct f.id)::int as actions from found f group by f.place
union all
select 0, count(distinct f.event_id)::int, count(distinct f.id)::int from found f
