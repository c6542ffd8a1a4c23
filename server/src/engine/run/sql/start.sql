-- Locks: start tickets, effects. The start: the one write that makes an effect "started", committed before the world is touched.
-- Of a start and a cancel of the same pending effect, one comes first; the other finds the row changed, or gone. This statement runs after
-- all gates were passed, in a later statement, so it sees every open cancellation that was acknowledged before. An effect that one of
-- them covers is left (see statements.ts). A lane gets at most its free slots, a tenant at most the rest of its share. A deleted
-- ticket starts nothing.
-- $1 now, $2 ticket, $3 start id, $4 worker, $5 limit, $6 free slots of the lanes in use (an object), $7 kinds, $8 slots of each kind (an object),
-- $9 slots left of the tenants in use (an object), $10 share of any other tenant.
with ticket as materialized (
  select t.id from engine.start_ticket t where t.id = $2::uuid for key share
), due as materialized (
  (select f.ctid as version, f.lane, f.kind, f.tenant, f.due_at
  from engine.effect f
  -- The clock is in a subquery, so it is read once. A volatile function that is called for each row cannot bound an index scan: every
  -- later effect would be read.
  where f.due_at <= (select coalesce($1::timestamptz, clock_timestamp()))
    and f.state = 'pending'
    -- While on hold (hold.ts), no row is read here.
    and (select not exists (select from engine.hold))
    and f.kind = any ($7::text[]) and coalesce(($6::jsonb ->> f.lane)::int, 1) > 0 and coalesce(($9::jsonb ->> f.tenant)::int, 1) > 0
    -- Mostly there is no open cancellation. This asks once for all rows.
    and ((select not exists (select from engine.open_cancellation)) or not exists (
      -- The event is read first, once, and then the open cancellations. The other order would read the event for each of them.
      select from (select e.tenant, e.cancel_path from engine.event e where e.id = f.event_id offset 0) e
      cross join lateral (select a.id, a.key, a.entity, a.sequence from engine.event a where a.id = any (e.cancel_path) offset 0) a
      join engine.open_cancellation o on o.shard = f.shard and o.tenant = e.tenant and a.sequence <= o.sequence_limit
        and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity))))
  order by f.due_at
  limit $5::int * 2)
  union all
  -- While partly on hold: reads effects that were released, and those of released tenants. Other effects are not read. Without a hold, this
  -- part is not run at all.
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
  -- Rows are matched by their version. A row that has changed since it was found due has another version, and is left alone.
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
