-- Locks: effects.
-- The next effects of an open cancellation's events, in the order in which the events were found and then by id. Effects that are pending,
-- without doubt and not kept are prevented here; the others are given, to be marked one by one. The last effect is always given: the next
-- batch continues after it. Nothing is added to an event that was called off, and an effect keeps its id when it ends, so none is
-- passed over. `not in` is hashed, where a join would not be.
-- $1 now, $2 cancellation, $3 events, $4 their sequence numbers, $5 how each stands, $6 of the first event only effects after this id, $7 limit.
with next as materialized (
  select x.*, p.n, p.sequence as event_sequence, p.how, row_number() over () as position
  from (select unnest($3::uuid[]) as id, unnest($4::bigint[]) as sequence, unnest($5::text[]) as how,
      generate_series(1, cardinality($3::uuid[])) as n) p
  cross join lateral (
    select y.* from (
      (select f.shard, f.id, f.event_id, f.tenant, f.kind, f.title, f.keep, f.touches_world, f.state = 'pending' and not f.doubt as plain
       from engine.effect f
       where f.event_id = p.id and f.id > case when p.n = 1 then $6::uuid else '00000000-0000-0000-0000-000000000000' end
       order by f.id limit $7)
      union all
      (select d.shard, d.id, d.event_id, d.tenant, d.kind, d.title, d.keep, d.touches_world, false
       from engine.ended d
       where d.event_id = p.id and d.id > case when p.n = 1 then $6::uuid else '00000000-0000-0000-0000-000000000000' end
       order by d.id limit $7)
    ) y
    order by y.id limit $7) x
  limit $7
), gone as (
  delete from engine.effect f using next n
  where f.id = any (array[n.id]) and n.plain and not n.keep and n.how = 'called_off' and f.state = 'pending' and not f.doubt
  returning f.*
), over as (
  insert into engine.ended
    (id, event_id, notice_of, at, due_shown, cancellation_id, shard, attempt, max_attempts, touches_world, keep, tenant, ending, kind,
     event_kind, lane, title, next, retry_plan, error, data)
  select g.id, g.event_id, g.notice_of, coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), g.due_shown, $2,
    g.shard, g.attempt - 1, g.max_attempts, g.touches_world, g.keep, g.tenant, 'prevented', g.kind, g.event_kind, g.lane, g.title, g.next,
    g.retry_plan, g.last_error, g.data
  from gone g
  left join engine.tenant t on t.id = g.tenant and t.sandbox
)
select n.shard, n.id, n.event_id, n.tenant, n.kind, n.title, n.keep, n.touches_world, n.event_sequence, n.how, n.position::int as position,
  n.id in (select g.id from gone g) as prevented
from next n
where n.id not in (select g.id from gone g) or n.position = (select count(*) from next)
order by n.position
