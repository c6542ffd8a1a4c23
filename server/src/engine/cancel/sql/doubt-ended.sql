-- Locks: ended effects. A dead or replaced effect that may have had its effect is not over for the caller who cancels it: a receiver
-- that can be asked is asked, the rest is in doubt. By position: $1 effects, $2 cancellations, $3 whether the receiver can be asked.
with w as (
  select unnest($1::uuid[]) as id, unnest($2::uuid[]) as cancellation_id, unnest($3::boolean[]) as askable
), asked as (
  delete from engine.ended d using w
  where d.id = any (array[w.id]) and w.askable and d.doubt and d.cancellation_id is null
  returning d.*, w.cancellation_id as called_off_by
), waiting as (
  insert into engine.effect
    (id, event_id, notice_of, due_at, due_shown, cancellation_id, shard, attempt, max_attempts, state, doubt, touches_world, keep, tenant,
     kind, event_kind, lane, title, next, retry_plan, last_error, evidence, data)
  select a.id, a.event_id, a.notice_of, 'infinity', a.due_shown, a.called_off_by, a.shard, a.attempt, a.max_attempts, 'waiting', true,
    a.touches_world, a.keep, a.tenant, a.kind, a.event_kind, a.lane, a.title, a.next, a.retry_plan, a.error, a.evidence, a.data
  from asked a
  returning id
), doubted as (
  update engine.ended d set ending = 'in_doubt', cancellation_id = w.cancellation_id,
    evidence = (coalesce(d.evidence::jsonb, '{}') || jsonb_build_object('why', 'an earlier attempt may have had its effect', 'ended', d.ending))::json
  from w
  where d.id = any (array[w.id]) and not w.askable and d.doubt and d.cancellation_id is null
  returning d.id
)
select id, 'in_doubt' as outcome from doubted
union all
select id, 'stopping' from waiting
