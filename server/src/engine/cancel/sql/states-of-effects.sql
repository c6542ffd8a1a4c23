-- The present state of each of these effects. $1 effects.
select w.id, d.ending, d.at, d.evidence, d.error, coalesce(d.cancellation_id, f.cancellation_id) as cancelled_by,
  coalesce(d.doubt, false) as doubt
from unnest($1::uuid[]) as w (id)
left join engine.ended d on d.id = any (array[w.id])
left join engine.effect f on f.id = any (array[w.id])
