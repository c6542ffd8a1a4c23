-- $1 effect, $2 tenant.
select f.event_id, f.tenant, null::text as ending from engine.effect f where f.id = $1 and f.tenant = $2
union all
select d.event_id, d.tenant, d.ending from engine.ended d where d.id = $1 and d.tenant = $2
