-- Targets of an open cancellation that are not found yet; by key only live ones. $1 tenant, $2 event, $3 key, $4 entity, $5 sequence limit,
-- $6 limit, $7 cancellation.
(select e.id from engine.event e
 where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
     = hashtextextended($1::text || chr(10) || $3::text || chr(10) || $4::text, 0)
   and e.key is not null and e.tenant = $1 and e.key = $3 and e.entity = $4 and e.cancellation_id is null and e.sequence <= $5
 limit $6)
union all
(select e.id from engine.event e
 where e.id = $2::uuid and e.tenant = $1
   and not exists (select from engine.receipt_event r where r.cancellation_id = $7 and r.event_id = $2::uuid))
