-- Counts of a tenant's effects, each up to $2 + 1: that one more says that there are more. Failing: pending after a failed attempt,
-- among the $2 that fall due first. $1 tenant.
with live as materialized (
  select f.state::text as state, f.due_at, f.kind, f.lane, f.tenant, f.attempt, f.last_error
  from engine.effect f where f.tenant || '' = $1 and (f.due_at at time zone 'UTC') < 'infinity'
  order by (f.due_at at time zone 'UTC'), f.id limit $2 + 1
), failing as (
  select l.kind, substr(l.lane, length(l.tenant) + length(l.kind) + 3) as receiver, count(*)::int as effects, max(l.attempt) as attempts,
    to_char((min(l.due_at) + (select coalesce((select t.clock_offset from engine.tenant t where t.id = $1 and t.sandbox), '0'))) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as next_at,
    (array_agg(l.last_error order by l.due_at desc))[1] as error
  from live l
  where l.state = 'pending' and l.last_error is not null
  group by 1, 2
  order by 3 desc, 1, 2
  limit 10
)
select (select count(*) from live l where l.state = 'pending')::int as pending, (select count(*) from live)::int as live,
  (select count(*) from live l where l.state = 'pending' and l.due_at <= clock_timestamp())::int as due,
  (select min(l.due_at) from live l where l.state = 'pending') + (select coalesce((select t.clock_offset from engine.tenant t where t.id = $1 and t.sandbox), '0')) as oldest_due,
  (select count(*) from (select from engine.effect f where f.tenant || '' = $1 and (f.due_at at time zone 'UTC') = 'infinity' limit $2 + 1) w)::int as waiting,
  (select count(*) from (select from engine.ended d where d.tenant = $1 and d.ending = 'dead' and d.replaced_by is null limit $2 + 1) d)::int as dead,
  (select count(*) from (
     select f.id
     from engine.worker w
     cross join lateral (select b.effect_ids from engine.start_batch b where b.worker = w.id limit 20000) b
     cross join lateral unnest(b.effect_ids) as u (id)
     cross join lateral (select * from engine.effect f where f.id = u.id offset 0) f
     where f.tenant = $1 and f.state = 'running' limit $2 + 1) r)::int as running,
  coalesce((select json_agg(to_json(f)) from failing f), '[]') as failing
