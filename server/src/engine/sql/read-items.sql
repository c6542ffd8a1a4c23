-- Items of a receipt by effect id, after $3, at most $4. $1 cancellation, $2 tenant.
select i.effect_id, i.outcome, i.ending, i.at, i.evidence, i.error, i.by_cancellation, f.event_id, f.kind, f.title, f.due_at, f.next
from (
  select d.shard, d.effect_id, d.ending as outcome, null::text as ending, d.at, d.evidence, d.error, null::uuid as by_cancellation
  from engine.ended d
  where d.cancellation_id = $1 and d.effect_id > $3
  union all
  select r.shard, r.effect_id, 'stopping', null, null, r.evidence, null, null
  from engine.running r where r.cancellation_id = $1 and r.effect_id > $3
  union all
  select n.shard, n.effect_id, n.outcome, n.ending, n.at, n.evidence, null, n.by_cancellation
  from engine.receipt_item n where n.cancellation_id = $1 and n.effect_id > $3
) i
join engine.effect f on f.shard = any (array[i.shard]) and f.id = i.effect_id and f.tenant = $2
order by i.effect_id
limit $4
