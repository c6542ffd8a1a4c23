-- Locks: key gates, shard gates, events, effects. The fast path of a cancel: does the simple requests of a batch in one statement. A
-- request that is not simple is not touched and gives no row: it takes the general path (cancel.ts). A request is simple if there is no open
-- cancellation; its request key, if any, was not used before; it names live roots without children, of kinds whose domain has no
-- `cancelled` hook; each of their effects is pending without doubt and not kept, or has ended without doubt; and they are no more than one
-- row may hold, which is checked before anything is locked.
-- The function is volatile, so each statement in it has a snapshot of its own: lock, then look, holds.
create function {name}(
  now_is timestamptz, final_ms double precision, asked_kinds text[], most int,
  key_gates int[], gates int[],
  tenants text[], keys text[], entities text[], events uuid[], kinds text[],
  callers text[], apis text[], names text[], request_keys text[], reasons text[], correlations text[], datas text[],
  ids uuid[], shards smallint[]
) returns table (place int, event_ids uuid[], prevented int, already_ended int, was_over boolean)
language plpgsql volatile
-- The session's settings suit index look-ups. The sets in here are as large as the batch, and are joined in memory.
set enable_hashjoin = on
as $$
#variable_conflict use_column
declare
  ev uuid[];
  pl int[];
  sq bigint[];
  long int[];
  small int[];
begin
  perform pg_advisory_xact_lock(7302, h) from (select distinct h from unnest(key_gates) as h order by h) as k;
  perform pg_advisory_xact_lock_shared(7301, g) from (select distinct g from unnest(gates) as g order by g) as k;
  if exists (select from engine.open_cancellation) then
    return;
  end if;

  -- Counts the events and effects of each request, and the octets of their stored data, up to what one row may hold. A request that has
  -- more is not simple: nothing of it is locked or waited for here.
  select array_agg(s.place) into small
  from (
    select t.place, count(*) as rows, sum(c.octets) as octets
    from (select unnest(tenants) as tenant, unnest(keys) as key, unnest(entities) as entity, unnest(events) as event_id,
        generate_series(1, cardinality(ids)) as place) t
    cross join lateral (
      select x.octets
      from (
        (select e.id from engine.event e
         where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
             = hashtextextended(t.tenant || chr(10) || t.key || chr(10) || t.entity, 0)
           and e.key is not null and e.tenant = t.tenant and e.key = t.key and e.entity = t.entity and e.cancellation_id is null
         limit most + 1)
        union all
        select t.event_id where t.event_id is not null
      ) e
      cross join lateral (
        select 0 as octets
        union all
        (select pg_column_size(f.data) from engine.effect f where f.event_id = e.id limit most + 1)
        union all
        (select 0 from engine.ended d where d.event_id = e.id limit most + 1)
      ) x
      limit most + 1
    ) c
    group by t.place
  ) s
  where s.rows <= most and s.octets <= 65536;
  if small is null then
    return;
  end if;

  -- Lock, in the order of ids. An event that somebody called off during the wait gives no row.
  select array_agg(l.id), array_agg(l.place), array_agg(l.sequence) into ev, pl, sq
  from (
    select e.id, w.place, e.sequence
    from (
      select t.place, e.id
      from (select unnest(tenants) as tenant, unnest(keys) as key, unnest(entities) as entity, generate_series(1, cardinality(ids)) as place) t
      cross join lateral (
        select e.id from engine.event e
        where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
            = hashtextextended(t.tenant || chr(10) || t.key || chr(10) || t.entity, 0)
          and e.key is not null and e.tenant = t.tenant and e.key = t.key and e.entity = t.entity and e.cancellation_id is null
        offset 0) e
      where t.key is not null and t.place = any (small)
      union all
      select t.place, t.event_id
      from (select unnest(events) as event_id, generate_series(1, cardinality(ids)) as place) t
      where t.event_id is not null and t.place = any (small)
      order by 2
    ) w
    cross join lateral (select * from engine.event e where e.id = w.id and e.cancellation_id is null for update) e
    where e.tenant = tenants[w.place]
  ) l;
  if ev is null then
    return;
  end if;
  perform from (select w.id from unnest(ev) as w (id) order by w.id) w
    cross join lateral (select from engine.effect f where f.event_id = w.id order by f.id for update) f;

  -- Look: this statement's snapshot is younger than the locks, so it sees what was started meanwhile.
  select array_agg(distinct x.place) into long
  from (
    select w.place from (select unnest(ev) as id, unnest(pl) as place) w
    where (select f.id from engine.effect f where f.event_id = w.id and (f.state <> 'pending' or f.doubt or f.keep) limit 1) is not null
      or (select d.id from engine.ended d where d.event_id = w.id and (d.doubt or d.cancellation_id is not null) limit 1) is not null
      or (select c.id from engine.event c where c.parent_id = w.id limit 1) is not null
      or (select true from engine.event e where e.id = w.id and (e.parent_id is not null or e.kind = any (asked_kinds)))
    union all
    select r.place from (
      select unnest(tenants) as tenant, unnest(callers) as caller, unnest(request_keys) as request_key, generate_series(1, cardinality(ids)) as place) r
    where r.request_key is not null and (select c.id from engine.cancellation c
      where c.tenant = r.tenant and c.caller = r.caller and c.request_key = r.request_key limit 1) is not null
    union all
    -- Two requests of this batch reach the same event.
    select w.place from (select unnest(ev) as id, unnest(pl) as place) w
    where w.id in (select o.id from unnest(ev) as o (id) group by o.id having count(*) > 1)
    union all
    select s.place from (
      select w.place from (select unnest(ev) as id, unnest(pl) as place) w
      cross join lateral (
        select from engine.effect f where f.event_id = w.id
        union all
        select from engine.ended d where d.event_id = w.id
        limit most + 1) f
    ) s group by s.place having count(*) > most
  ) x;
  if long is not null then
    select array_agg(w.id), array_agg(w.place), array_agg(w.sequence) into ev, pl, sq
    from (select unnest(ev) as id, unnest(pl) as place, unnest(sq) as sequence) w where w.place <> all (long);
    if ev is null then
      return;
    end if;
  end if;

  update engine.event e set cancellation_id = w.by
  from (select unnest(ev) as id, unnest(array(select ids[p] from unnest(pl) as p)) as by) w
  where e.id = any (array[w.id]);

  return query
  with gone as (
    delete from engine.effect f
    using (select unnest(ev) as id, unnest(pl) as place) w
    where f.event_id = any (array[w.id])
    returning w.place, f.*
  ), prevented as (
    select g.place, count(*) filter (where g.touches_world)::int as n,
      json_agg(json_build_object('id', g.id, 'event_id', g.event_id, 'kind', g.kind, 'title', g.title, 'due_shown', g.due_shown,
        'attempt', g.attempt - 1, 'error', g.last_error, 'next', coalesce(g.next, '{}'), 'touches_world', g.touches_world, 'lane', g.lane,
        'max_attempts', g.max_attempts, 'data', g.data) order by g.id) as items
    from gone g group by g.place
  ), ended as (
    insert into engine.receipt_item (shard, cancellation_id, effect_id, outcome, ending, at, evidence)
    select d.shard, ids[w.place], d.id, 'already_ended', d.ending, d.at,
      coalesce(d.evidence, case when d.error is not null then json_build_object('error', d.error) end)
    from (select unnest(ev) as id, unnest(pl) as place) w
    cross join lateral (select * from engine.ended d where d.event_id = w.id offset 0) d
    returning cancellation_id, effect_id
  ), already as (
    select x.cancellation_id, count(*)::int as n
    from ended x cross join lateral (select d.touches_world from engine.ended d where d.id = x.effect_id offset 0) d
    where d.touches_world group by x.cancellation_id
  ), per as (
    select w.place, array_agg(w.id) as event_ids, max(w.sequence) as newest
    from (select unnest(ev) as id, unnest(pl) as place, unnest(sq) as sequence) w group by w.place
  ), written as (
    insert into engine.cancellation
      (shard, id, tenant, target_event, target_key, target_entity, target_kind, caller, caller_api, caller_name, request_key,
       reason, correlation_id, at, final_by, data, event_ids, newest_event, prevented)
    select shards[p.place], ids[p.place], tenants[p.place], events[p.place], keys[p.place], entities[p.place], kinds[p.place],
      callers[p.place], apis[p.place], names[p.place], request_keys[p.place], reasons[p.place], correlations[p.place],
      coalesce(now_is, clock_timestamp()) + coalesce(t.clock_offset, '0'),
      coalesce(now_is, clock_timestamp()) + final_ms * interval '1 millisecond',
      datas[p.place]::json, p.event_ids, p.newest, v.items
    from per p
    left join prevented v on v.place = p.place
    left join engine.tenant t on t.id = tenants[p.place] and t.sandbox
  )
  -- The outcome is `over` if everything had ended before, inner steps too.
  select p.place, p.event_ids, coalesce(v.n, 0), coalesce(a.n, 0),
    v.place is null and exists (select from ended x where x.cancellation_id = ids[p.place])
  from per p
  left join prevented v on v.place = p.place
  left join already a on a.cancellation_id = ids[p.place];
end $$
