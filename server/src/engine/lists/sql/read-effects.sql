-- Every effect of an event, in the order in which they were declared. $1 event, $2 tenant.
select f.id, f.kind, f.title, f.data, f.due_shown as due_at, f.next, f.keep, f.touches_world, f.state::text as state, null::text as ending,
  null::timestamptz as at, f.last_error as error, f.evidence, f.cancellation_id, f.attempt,
  null::uuid as replaced_by
from engine.effect f where f.event_id = $1 and f.tenant = $2
union all
select d.id, d.kind, d.title, d.data, d.due_shown, d.next, d.keep, d.touches_world, 'ended', d.ending, d.at, d.error, d.evidence,
  d.cancellation_id, d.attempt, d.replaced_by
from engine.ended d where d.event_id = $1 and d.tenant = $2
union all
select (i.item ->> 'id')::uuid, i.item ->> 'kind', i.item ->> 'title', i.item -> 'data', (i.item ->> 'due_shown')::timestamptz,
  array(select json_array_elements_text(coalesce(i.item -> 'next', '[]'))), false, (i.item ->> 'touches_world')::boolean, 'ended', 'prevented', c.at,
  i.item ->> 'error', null, c.id, (i.item ->> 'attempt')::smallint, null
from engine.event v
join engine.cancellation c on c.id = any (array[v.cancellation_id])
cross join lateral json_array_elements(c.prevented) as i (item)
where v.id = $1 and v.tenant = $2 and v.cancellation_id is not null and c.prevented is not null and (i.item ->> 'event_id')::uuid = $1
order by 1
