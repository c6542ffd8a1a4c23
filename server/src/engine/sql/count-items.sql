select outcome, count(*)::int as items from (
  select d.ending as outcome from engine.ended d where d.cancellation_id = $1
  union all
  select 'stopping' from engine.running r where r.cancellation_id = $1
  union all
  select n.outcome from engine.receipt_item n where n.cancellation_id = $1
) i group by outcome
