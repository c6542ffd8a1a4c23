-- Counts over all tenants, each up to $2 rows: one more says that there are more. By kind: pending effects among the $2 that fall due first;
-- how many of these are due, and how long the oldest has been; dead effects that are in no receipt, among $2 dead ones. And receipts that
-- wait for something to end, among $2 effects that were asked to stop. $1 now.
with pending as materialized (
  select f.kind, f.due_at, extract(epoch from coalesce($1::timestamptz, clock_timestamp()) - f.due_at)::float8 as late
  from engine.effect f where f.state = 'pending' and f.due_at < 'infinity'
  order by f.due_at limit $2::int + 1
), dead as materialized (
  select d.kind, d.cancellation_id is null and d.replaced_by is null as is_open
  from engine.ended d where d.ending = 'dead' and d.tenant > '' order by d.tenant, d.at limit $2::int + 1
), stopping as materialized (
  select f.cancellation_id from engine.effect f where f.cancellation_id > '00000000-0000-0000-0000-000000000000' order by f.cancellation_id
  limit $2::int + 1
), by_kind as (
  select p.kind, count(*)::int as pending, count(*) filter (where p.late >= 0)::int as due, greatest(max(p.late), 0) as oldest, 0 as dead
  from pending p group by p.kind
  union all
  select d.kind, 0, 0, 0, count(*)::int from dead d where d.is_open group by d.kind
)
select (select count(*) from pending)::int as pending, (select count(*) from dead)::int as dead,
  (select count(distinct s.cancellation_id) from stopping s)::int + (select count(distinct o.cancellation_id) from engine.open_cancellation o)::int
    as open_receipts,
  (select coalesce(json_agg(k), '[]') from (
     select b.kind, sum(b.pending)::int as pending, sum(b.due)::int as due, max(b.oldest) as "oldestDueSeconds", sum(b.dead)::int as dead
     from by_kind b group by b.kind) k) as kinds
