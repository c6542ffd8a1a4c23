-- Dead effects of a tenant that were not replaced, newest first. $1 tenant, $2 limit.
select d.id, d.event_id, d.kind, d.title, d.at, d.error, d.attempt
from engine.ended d
where d.tenant = $1 and d.ending = 'dead' and d.replaced_by is null
order by d.at desc limit $2
