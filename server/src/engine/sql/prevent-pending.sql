-- What has not been started is prevented: its pending row goes, and with it the only thing a start could take. Waits for a
-- start that holds the row; what that one started is found by the next statement. $1 now, $2 shards, $3 effects, $4 cancellations.
with gone as (
  delete from engine.pending p
  using unnest($2::smallint[], $3::uuid[], $4::uuid[]) as w (shard, effect_id, cancellation_id)
  where p.shard = w.shard and p.effect_id = w.effect_id
  returning p.shard, p.effect_id, p.event_id, p.tenant, p.attempt, p.last_error, w.cancellation_id
)
insert into engine.ended (shard, effect_id, event_id, tenant, ending, at, attempt, cancellation_id, error)
select g.shard, g.effect_id, g.event_id, g.tenant, 'prevented',
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), g.attempt - 1, g.cancellation_id, g.last_error
from gone g
left join engine.tenant t on t.id = g.tenant and t.sandbox
returning effect_id
