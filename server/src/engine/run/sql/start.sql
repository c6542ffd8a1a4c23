-- Locks: start tickets, effects. The start: the one write that makes an effect "started", committed before the world is touched.
-- Of a start and a cancel of a pending effect one comes first: the other finds the row changed, or gone. Runs after all gates were
-- passed, in a statement of its own, so that it sees every open cancellation that was acknowledged before; what one covers is
-- left to be marked. At most as many of a lane as it has free slots, and of a tenant as is left of its share. A ticket that was deleted starts nothing.
-- $1 now, $2 ticket, $3 start id, $4 worker, $5 most, $6 free slots of the lanes in use (an object), $7 kinds, $8 slots of each kind (an object),
-- $9 places left of the tenants that have some (an object), $10 share of any other tenant.
with ticket as materialized (
  select t.id from engine.start_ticket t where t.id = $2::uuid for key share
), due as materialized (
  (select f.ctid as version, f.lane, f.kind, f.tenant, f.due_at
  from engine.effect f
  -- A subquery: asked row by row, a volatile clock could not bound the index, and all that is still to come would be read.
  where f.due_at <= (select coalesce($1::timestamptz, clock_timestamp()))
    and f.state = 'pending'
    -- On hold (hold.ts) no row is read here.
    and (select not exists (select from engine.hold))
    and f.kind = any ($7::text[]) and coalesce(($6::jsonb ->> f.lane)::int, 1) > 0 and coalesce(($9::jsonb ->> f.tenant)::int, 1) > 0
    -- Mostly there is none: asked once for all rows.
    and ((select not exists (select from engine.open_cancellation)) or not exists (
      -- The event once, then whatever is open: not the other way round.
      select from (select e.tenant, e.cancel_path from engine.event e where e.id = f.event_id offset 0) e
      cross join lateral (select a.id, a.key, a.entity, a.sequence from engine.event a where a.id = any (e.cancel_path) offset 0) a
      join engine.open_cancellation o on o.shard = f.shard and o.tenant = e.tenant and a.sequence <= o.sequence_limit
        and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity))))
  order by f.due_at
  limit $5::int * 2)
  union all
  -- Partly on hold: what was released, and what is of a tenant that was; what is on hold is not read. Without a hold none of it is run.
  (select f.version, f.lane, f.kind, f.tenant, f.due_at
  from (
    (select f.ctid as version, f.lane, f.kind, f.tenant, f.due_at
    from engine.effect f
    where f.released and f.state = 'pending' and (select exists (select from engine.hold h where h.partly))
      and (f.due_at at time zone 'UTC') <= (select coalesce($1::timestamptz, clock_timestamp()) at time zone 'UTC')
      and f.kind = any ($7::text[]) and coalesce(($6::jsonb ->> f.lane)::int, 1) > 0 and coalesce(($9::jsonb ->> f.tenant)::int, 1) > 0
      and ((select not exists (select from engine.open_cancellation)) or not exists (
        select from (select e.tenant, e.cancel_path from engine.event e where e.id = f.event_id offset 0) e
        cross join lateral (select a.id, a.key, a.entity, a.sequence from engine.event a where a.id = any (e.cancel_path) offset 0) a
        join engine.open_cancellation o on o.tenant = e.tenant and o.shard = f.shard and a.sequence <= o.sequence_limit
          and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity))))
    order by (f.due_at at time zone 'UTC')
    limit $5::int * 2)
    union all
    select f.version, f.lane, f.kind, f.tenant, f.due_at
    from (select unnest(h.released_tenants) as id from engine.hold h where h.partly) t
    cross join lateral (
      select f.ctid as version, f.lane, f.kind, f.tenant, f.due_at
      from engine.effect f
      where (f.tenant || '') = t.id and f.state = 'pending' and not f.released
        and (f.due_at at time zone 'UTC') <= (select coalesce($1::timestamptz, clock_timestamp()) at time zone 'UTC')
        and f.kind = any ($7::text[]) and coalesce(($6::jsonb ->> f.lane)::int, 1) > 0 and coalesce(($9::jsonb ->> f.tenant)::int, 1) > 0
        and ((select not exists (select from engine.open_cancellation)) or not exists (
          select from (select e.tenant, e.cancel_path from engine.event e where e.id = f.event_id offset 0) e
          cross join lateral (select a.id, a.key, a.entity, a.sequence from engine.event a where a.id = any (e.cancel_path) offset 0) a
          join engine.open_cancellation o on o.tenant = e.tenant and o.shard = f.shard and a.sequence <= o.sequence_limit
            and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity))))
      order by (f.due_at at time zone 'UTC')
      limit $5::int * 2) f
  ) f
  where (select exists (select from engine.hold h where h.partly))
  order by f.due_at
  limit $5::int * 2)
), chosen as materialized (
  select q.version
  from (
    select p.*, row_number() over (partition by p.tenant order by p.due_at) as of_tenant
    from (select d.*, row_number() over (partition by d.lane order by d.due_at) as of_lane from due d) p
    where p.of_lane <= coalesce(($6::jsonb ->> p.lane)::int, ($8::jsonb ->> p.kind)::int) and (select t.id from ticket t) is not null
  ) q
  where q.of_tenant <= coalesce(($9::jsonb ->> q.tenant)::int, $10)
  order by q.due_at
  limit $5
), free as materialized (
  -- By its version: a row that has changed since it was found due has another one, and is left alone.
  select f.ctid as version from chosen c join engine.effect f on f.ctid = c.version for update of f skip locked
), started as (
  update engine.effect f set state = 'running', start_id = $3, worker = $4,
    started_at = coalesce($1::timestamptz, clock_timestamp())
  from free c
  where f.ctid = c.version
  returning f.shard, f.id, f.tenant, f.event_id, f.notice_of, f.kind, f.event_kind, f.title, f.data, f.due_shown, f.max_attempts, f.keep,
    f.touches_world, f.attempt, f.lane, f.start_id, f.retry_plan, f.waited_ms,
    extract(epoch from f.started_at - f.due_at)::float8 * 1000 as late_ms
), batch as (
  insert into engine.start_batch (id, worker, effect_ids)
  select $3, $4, array_agg(s.id) from started s having count(*) > 0
)
select * from started
