-- The state of the effects of these events, at most $3, in the order of the events, then by id. $1 events, $2 of the first event only
-- effects after this id.
select f.*
from unnest($1::uuid[]) with ordinality as w (event_id, place)
cross join lateral (
  select x.* from (
    (select f.id, f.event_id, f.kind, f.title, f.keep, f.touches_world, f.due_shown as due_at, null::text as ending,
       f.cancellation_id as cancelled_by, f.state <> 'pending' as started, f.doubt
     from engine.effect f
     where f.event_id = w.event_id and f.id > case when w.place = 1 then $2::uuid else '00000000-0000-0000-0000-000000000000' end
     order by f.id limit $3)
    union all
    (select d.id, d.event_id, d.kind, d.title, d.keep, d.touches_world, d.due_shown, d.ending, d.cancellation_id, false, d.doubt
     from engine.ended d
     where d.event_id = w.event_id and d.id > case when w.place = 1 then $2::uuid else '00000000-0000-0000-0000-000000000000' end
     order by d.id limit $3)
    union all
    select (i.item ->> 'id')::uuid, w.event_id, i.item ->> 'kind', i.item ->> 'title', false, (i.item ->> 'touches_world')::boolean,
      (i.item ->> 'due_shown')::timestamptz, 'prevented', c.id, false, false
    from (select e.cancellation_id from engine.event e where e.id = w.event_id and e.cancellation_id is not null offset 0) e
    cross join lateral (select * from engine.cancellation c where c.id = e.cancellation_id and c.prevented is not null offset 0) c
    cross join lateral json_array_elements(c.prevented) as i (item)
    where (i.item ->> 'event_id')::uuid = w.event_id
      and (i.item ->> 'id')::uuid > case when w.place = 1 then $2::uuid else '00000000-0000-0000-0000-000000000000' end
  ) x
  order by x.id
  limit $3) f
order by w.place, f.id
limit $3
