-- Live events that have pending work and belong to these owners, as pending-owners.sql gave them. $1 tenant, $2 kinds of
-- event, $3 names; by position: $4 kinds, $5 texts, as JSON; $6 most.
select e.id
from (
  select distinct f.event_id
  from (
    select f.event_id from engine.effect f
    where (f.tenant || '') = $1 and f.event_id is not null and f.cancellation_id is null
    order by (f.due_at at time zone 'UTC') offset 0) f
) p
cross join lateral (
  select e.id, e.kind, e.data
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
-- "is true" keeps the planner from making this a join: the row is looked up in a hash of the owners, and not compared with each.
where ((e.kind, o.texts) in (select w.kind, array(select json_array_elements_text(w.texts::json)) from unnest($4::text[], $5::text[]) as w (kind, texts))) is true
order by e.id
limit $6
