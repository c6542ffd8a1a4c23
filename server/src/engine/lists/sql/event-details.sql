-- Events as a list shows them: with the effect that falls due next, and the effects that were skipped, without inner steps.
-- $1 events, $2 tenant, $3 next from when on, on the tenant's clock (null: any time).
select e.id, e.tenant, e.kind, e.key, e.entity, e.parent_id, e.root_id, e.title, e.data, e.correlation_id, e.created_at, e.cancellation_id,
  e.app, e.bare_key, n.id as next_id, n.kind as next_kind, n.title as next_title, n.state as next_state, n.due as next_due,
  n.last_error as next_error, n.attempt as next_attempt,
  (select f.id from engine.effect f where f.event_id = e.id limit 1) is not null as has_effects, k.items as skipped
from unnest($1::uuid[]) as i (id)
cross join lateral (select * from engine.event e where e.id = i.id offset 0) e
left join lateral (
  -- All effects of the event are read first. By due time, the planner could read every effect of the tenant to find one of this event.
  select f.* from (select f.id, f.kind, f.title, f.state::text as state, f.due_at, f.last_error, f.attempt,
      -- After a failed attempt, an effect is due when its next attempt is.
      case when f.state = 'pending' then f.due_at + (select coalesce((select t.clock_offset from engine.tenant t where t.id = $2 and t.sandbox), '0')) else f.due_shown end as due
    from engine.effect f where f.event_id = e.id offset 0) f
  where f.state <> 'waiting' and ($3::timestamptz is null or (f.state = 'pending' and f.due >= $3))
  order by f.due_at, f.id limit 1) n on true
left join lateral (
  select json_agg(json_build_object('id', d.id, 'title', d.title, 'at', d.at, 'evidence', d.evidence)) as items
  from (select d.id, d.title, d.at, d.evidence from engine.ended d where d.event_id = e.id and d.ending = 'skipped' and d.touches_world
    limit 20) d) k on true
where e.tenant = $2
