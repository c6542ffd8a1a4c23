-- Locks: effects. Prevents what has not been started: it deletes the row, which is the only thing that a start could take. It waits for a
-- start that has locked the row; the next statement finds what that one started. Where an earlier attempt may have had its effect, it
-- must not be called prevented: if the receiver can be asked, it is asked and the row waits for its answer; else the effect is in doubt.
-- $1 now; then by position: $2 effects, $3 cancellations, $4 whether the receiver can be asked.
with w as (
  select unnest($2::uuid[]) as id, unnest($3::uuid[]) as cancellation_id, unnest($4::boolean[]) as askable
), gone as (
  delete from engine.effect f using w
  where f.id = any (array[w.id]) and f.state = 'pending' and not (f.doubt and w.askable)
  returning f.*, w.cancellation_id as called_off_by
), asked as (
  update engine.effect f set state = 'waiting', due_at = 'infinity', cancellation_id = w.cancellation_id
  from w
  where f.id = any (array[w.id]) and f.state = 'pending' and f.doubt and w.askable
  returning f.id
), over as (
  insert into engine.ended
    (id, event_id, notice_of, at, due_shown, cancellation_id, shard, attempt, max_attempts, touches_world, keep, tenant, ending, kind,
     event_kind, lane, title, next, retry_plan, error, evidence, data)
  select g.id, g.event_id, g.notice_of, coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), g.due_shown,
    g.called_off_by, g.shard, g.attempt - 1, g.max_attempts, g.touches_world, g.keep, g.tenant,
    case when g.doubt then 'in_doubt' else 'prevented' end, g.kind, g.event_kind, g.lane, g.title, g.next, g.retry_plan, g.last_error,
    case when g.doubt then '{"why": "an earlier attempt may have had its effect"}'::json end, g.data
  from gone g
  left join engine.tenant t on t.id = g.tenant and t.sandbox
  returning id, ending
)
select id, ending as outcome from over
union all
select id, 'stopping' from asked
