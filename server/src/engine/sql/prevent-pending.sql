-- What has not been started is prevented: its pending row goes, and with it the only thing a start could take. Waits for a
-- start that holds the row; what that one started is found by the next statement. Where an earlier attempt may have had its
-- effect, nobody may say prevented: a receiver that can be asked is asked (it goes to running, nobody's, asked to stop),
-- the rest is in doubt. $1 now, $2 shards, $3 effects, $4 cancellations, $5 whether the other side can be asked.
with gone as (
  delete from engine.pending p
  using unnest($2::smallint[], $3::uuid[], $4::uuid[], $5::boolean[]) as w (shard, effect_id, cancellation_id, askable)
  where p.shard = any (array[w.shard]) and p.effect_id = w.effect_id
  returning p.*, w.cancellation_id, w.askable
), asked as (
  insert into engine.running (shard, effect_id, event_id, tenant, kind, attempt, doubt, worker, started_at, cancellation_id)
  select shard, effect_id, event_id, tenant, kind, attempt, true, null, coalesce($1::timestamptz, clock_timestamp()), cancellation_id
  from gone where doubt and askable
  returning effect_id
), over as (
  insert into engine.ended (shard, effect_id, event_id, tenant, ending, at, attempt, cancellation_id, error, evidence)
  select g.shard, g.effect_id, g.event_id, g.tenant, case when g.doubt then 'in_doubt' else 'prevented' end,
    coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), g.attempt - 1, g.cancellation_id, g.last_error,
    case when g.doubt then '{"why": "an earlier attempt may have had its effect"}'::jsonb end
  from gone g
  left join engine.tenant t on t.id = g.tenant and t.sandbox
  where not (g.doubt and g.askable)
  returning effect_id, ending
)
select effect_id, ending as outcome from over
union all
select effect_id, 'stopping' from asked
