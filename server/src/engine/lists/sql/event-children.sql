-- A page of an event's children, by id. $1 event, $2 tenant, $3 after this id, $4 most.
select e.id, e.link, e.kind, e.title, e.data, e.app, e.cancellation_id
from engine.event e
where e.parent_id = $1 and e.id > $3 and e.tenant = $2
order by e.id
limit $4
