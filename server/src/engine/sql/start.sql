-- The start: the one write that makes a claim "started", committed before the world is touched. Whoever deletes the
-- pending row has it: of a start and a cancel, one finds nothing. Runs after the gates were passed, in a statement of its
-- own, so that it sees every open cancellation that was acknowledged before.
-- $1 now, $2 worker, $3 shards, $4 effects.
with chosen as (
  select p.shard, p.effect_id
  from engine.pending p
  join unnest($3::smallint[], $4::uuid[]) as c (shard, effect_id) on p.shard = any (array[c.shard]) and p.effect_id = c.effect_id
  where p.due_at <= coalesce($1::timestamptz, clock_timestamp())
    and not exists (
      select from engine.open_cancellation o
      join engine.event e on e.shard = any (array[o.shard]) and e.id = p.event_id and e.tenant = o.tenant
      join engine.event a on a.shard = any (array[e.shard]) and a.id = any (e.line) and a.birth <= o.birth_limit
      where o.shard = p.shard and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity)))
  for update of p skip locked
), left_pending as (
  delete from engine.pending p using chosen c
  where p.shard = any (array[c.shard]) and p.effect_id = c.effect_id
  returning p.shard, p.effect_id, p.event_id, p.tenant, p.kind, p.attempt, p.doubt, p.lane
), started as (
  insert into engine.running (shard, effect_id, event_id, tenant, kind, attempt, doubt, worker, started_at)
  select shard, effect_id, event_id, tenant, kind, attempt, doubt, $2::uuid, coalesce($1::timestamptz, clock_timestamp())
  from left_pending
)
select f.shard, f.id, f.tenant, f.event_id, f.notice_of, f.kind, f.title, f.data, f.due_at, f.max_attempts, f.link, l.attempt, l.lane,
  e.kind as event_kind
from left_pending l
join engine.effect f on f.shard = any (array[l.shard]) and f.id = l.effect_id
left join engine.event e on e.shard = any (array[f.shard]) and e.id = f.event_id
order by f.due_at
