-- $1 effect, $2 tenant.
select f.event_id, f.tenant, null::text as ending, f.kind, f.keep, f.data, null::uuid as replaced_by
from engine.effect f where f.id = $1 and f.tenant = $2
union all
select d.event_id, d.tenant, d.ending, d.kind, d.keep, d.data, d.replaced_by from engine.ended d where d.id = $1 and d.tenant = $2
