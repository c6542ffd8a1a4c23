-- How much of a tenant is under way, grouped by the kind of event and by the values of some names in the event's data. The data is read
-- once for each event, however many values are looked for. $1 tenant, $2 kinds of event, $3 names.
select e.kind, o.texts, count(*)::int as events, sum(p.actions)::int as actions
from (
  select f.event_id, count(*) as actions
  from (
    select f.event_id from engine.effect f
    where (f.tenant || '') = $1 and f.event_id is not null and f.cancellation_id is null
    order by (f.due_at at time zone 'UTC') offset 0) f
  group by f.event_id
) p
cross join lateral (
  select e.kind, e.data
  from engine.event e
  where e.id = any (array[p.event_id]) and e.cancellation_id is null and e.kind = any ($2::text[])
    -- The tree of an open cancellation is still being marked, so its events are not marked yet.
    and ((select not exists (select from engine.open_cancellation)) or not exists (
      select from engine.event a join engine.open_cancellation o on o.shard = a.shard and o.tenant = a.tenant and a.sequence <= o.sequence_limit
        and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity))
      where a.id = any (e.cancel_path)))
  offset 0) e
cross join lateral (
  select array_agg(d.value order by n.place) as texts
  from unnest($3::text[]) with ordinality n (name, place)
  left join json_each_text(e.data) d on d.key = n.name
  offset 0) o
group by e.kind, o.texts
