-- Events with the key of an open cancellation that others have called off, in the order in which they were announced. `is_mine`: called off
-- by a cancellation that was already open when this one was acknowledged; those are in this receipt too. $1 tenant, $2 key, $3 entity,
-- $4 after this sequence number, $5 up to this one, $6 limit, $7 those cancellations.
select e.id, e.sequence, e.cancellation_id = any ($7::uuid[]) as is_mine
from engine.event e
where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
    = hashtextextended($1::text || chr(10) || $2::text || chr(10) || $3::text, 0)
  and e.key is not null and e.tenant = $1 and e.key = $2 and e.entity = $3 and e.cancellation_id is not null
  and e.sequence > $4 and e.sequence <= $5
order by e.sequence
limit $6
