-- A revise: the pending effects of an event end superseded. The event is locked. $1 now, $2 shard, $3 event.
with gone as (
  delete from engine.pending p using engine.effect f
  where f.shard = $2 and f.event_id = $3 and p.shard = any (array[f.shard]) and p.effect_id = f.id
  returning p.shard, p.effect_id, p.event_id, p.tenant, p.attempt
)
insert into engine.ended (shard, effect_id, event_id, tenant, ending, at, attempt)
select g.shard, g.effect_id, g.event_id, g.tenant, 'superseded',
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), g.attempt - 1
from gone g left join engine.tenant t on t.id = g.tenant and t.sandbox
returning effect_id
