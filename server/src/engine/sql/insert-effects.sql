-- What will happen, and that it is pending. due_at comes as an instant of the tenant's clock, or as milliseconds after
-- now. $1 now; then by position: shard, id, tenant, event, notice_of, kind, title, lane, due_at, after_ms, max_attempts, link, next, data.
with clocks as (
  -- A sandbox clock does not move between this and the commit.
  select id, clock_offset from engine.tenant where sandbox and id = any ($4::text[]) for share
), made as (
  select n.*, coalesce(t.clock_offset, '0') as ahead,
    coalesce(n.due_tenant - coalesce(t.clock_offset, '0'),
      coalesce($1::timestamptz, clock_timestamp()) + n.after_ms * interval '1 millisecond') as due_real
  from unnest($2::smallint[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[], $11::double precision[], $12::smallint[], $13::text[], $14::text[], $15::text[])
    as n (shard, id, tenant, event_id, notice_of, kind, title, lane, due_tenant, after_ms, max_attempts, link, next, data)
  left join clocks t on t.id = n.tenant
), effects as (
  insert into engine.effect
    (shard, id, tenant, event_id, notice_of, kind, title, lane, due_at, max_attempts, link, next, data)
  select shard, id, tenant, event_id, notice_of, kind, title, lane, due_real + ahead, max_attempts, link, next::text[], data::jsonb
  from made
)
insert into engine.pending (shard, effect_id, due_at, tenant, lane, kind, event_id)
select shard, id, due_real, tenant, tenant || ' ' || kind || ' ' || lane, kind, event_id from made
