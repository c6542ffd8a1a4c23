-- The next effects of marked events, in order of the event's birth and their own id, after a place. What waits among them
-- and has had no effect is prevented here and now; given are the others, which are looked at one by one, and the last,
-- `prevented` or not: the place to go on from. Two branches, so that one event with a million effects is not read from its
-- start each time. `not in`: hashed, where a join would not be. $1 now, $2 cancellation, $3 event's birth, $4 effect, $5 most.
with next as materialized (
  select t.*, row_number() over (order by event_birth, id) as place from (
    (select f.shard, f.id, f.event_id, f.tenant, f.kind, f.title, f.data, f.link, f.next, e.birth as event_birth
     from engine.event e cross join lateral (
       select * from engine.effect f where f.shard = e.shard and f.event_id = e.id and f.id > $4 order by f.id limit $5) f
     where e.cancellation_id = $2 and e.birth = $3
     order by f.id limit $5)
    union all
    (select f.shard, f.id, f.event_id, f.tenant, f.kind, f.title, f.data, f.link, f.next, e.birth
     from engine.event e cross join lateral (
       select * from engine.effect f where f.shard = e.shard and f.event_id = e.id order by f.id limit $5) f
     where e.cancellation_id = $2 and e.birth > $3
     order by e.birth, f.id limit $5)
  ) t
  order by event_birth, id
  limit $5
), gone as (
  delete from engine.pending p using next n
  where n.link = 'cancel' and p.shard = any (array[n.shard]) and p.effect_id = n.id and not p.doubt
  returning p.shard, p.effect_id, p.event_id, p.tenant, p.attempt, p.last_error
), over as (
  insert into engine.ended (shard, effect_id, event_id, tenant, ending, at, attempt, cancellation_id, error)
  select g.shard, g.effect_id, g.event_id, g.tenant, 'prevented',
    coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), g.attempt - 1, $2, g.last_error
  from gone g
  left join engine.tenant t on t.id = g.tenant and t.sandbox
)
select n.shard, n.id, n.event_id, n.tenant, n.kind, n.title, n.data, n.link, n.next, n.event_birth, n.place,
  n.id in (select g.effect_id from gone g) as prevented
from next n
where n.id not in (select g.effect_id from gone g) or n.place = (select count(*) from next)
order by n.place
