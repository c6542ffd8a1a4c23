-- Locks: effects. Moves a sandbox clock to the next due effect, at most $3 ms: pending effects, and the ends of early cancellations, come
-- nearer by as much. The caller has locked the tenant (lock-tenant.sql): announcements wait until then and count by the new time.
-- $1 now, $2 tenant, $3 limit in ms. Gives how far the clock moved.
with step as (
  select least($3::double precision, greatest(0, coalesce(
    (select extract(epoch from (min(f.due_at) - coalesce($1::timestamptz, clock_timestamp()))) * 1000
     from engine.effect f where f.tenant = $2 and f.state = 'pending'), $3::double precision))) as ms
), moved as (
  update engine.tenant t set clock_offset = clock_offset + step.ms * interval '1 millisecond'
  from step where t.id = $2 and t.sandbox
    -- Nothing of a tenant that is on hold would happen on the way.
    and not exists (select from engine.hold h where $2 <> all (h.released_tenants)) returning t.id
), nearer as (
  update engine.effect f set due_at = f.due_at - step.ms * interval '1 millisecond'
  from step where f.tenant = $2 and f.state = 'pending' and exists (select from moved) and step.ms > 0
), sooner as (
  update engine.cancellation c set early_until = c.early_until - step.ms * interval '1 millisecond'
  from step where c.tenant = $2 and c.early_until > coalesce($1::timestamptz, clock_timestamp())
    and exists (select from moved) and step.ms > 0
)
select step.ms as moved_ms, exists (select from engine.tenant t where t.id = $2 and t.sandbox) as sandbox,
  exists (select from engine.hold h where $2 <> all (h.released_tenants)) as on_hold from step
