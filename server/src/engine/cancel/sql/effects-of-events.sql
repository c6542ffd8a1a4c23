-- Every effect of these events, in any state, at most $2. None can be added meanwhile: the caller has locked the events. Effects that
-- the fast path of a cancel prevented are not here: only the row of that cancellation has them. $1 events.
select x.*
from unnest($1::uuid[]) as e (id)
cross join lateral (
  select f.shard, f.id, f.event_id, f.tenant, f.kind, f.title, f.data, f.keep, f.touches_world, f.next,
    null::text as ending, null::timestamptz as at, null::json as evidence, null::text as error, null::uuid as cancelled_by, false as doubt
  from engine.effect f where f.event_id = e.id
  union all
  select d.shard, d.id, d.event_id, d.tenant, d.kind, d.title, d.data, d.keep, d.touches_world, d.next,
    d.ending, d.at, d.evidence, d.error, d.cancellation_id, d.doubt
  from engine.ended d where d.event_id = e.id
  union all
  select c.shard, (i.item ->> 'id')::uuid, e.id, c.tenant, i.item ->> 'kind', i.item ->> 'title', i.item -> 'data', false,
    (i.item ->> 'touches_world')::boolean, array(select json_array_elements_text(coalesce(i.item -> 'next', '[]'))),
    'prevented', c.at, null, null, c.id, false
  from engine.event v
  join engine.cancellation c on c.id = any (array[v.cancellation_id])
  cross join lateral json_array_elements(c.prevented) as i (item)
  where v.id = e.id and v.cancellation_id is not null and c.prevented is not null and (i.item ->> 'event_id')::uuid = e.id
  offset 0) x
limit $2
