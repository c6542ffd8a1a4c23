-- Milliseconds until the next effect falls due, by the database's clock; no row when none does within the longest sleep. $1 now, $2 full lanes, $3 kinds.
select extract(epoch from (p.due_at - coalesce($1::timestamptz, clock_timestamp()))) * 1000 as ms
from engine.pending p
where p.due_at <= (select coalesce($1::timestamptz, clock_timestamp()) + interval '1 minute')
  and p.lane <> all ($2::text[]) and p.kind = any ($3::text[])
order by p.due_at
limit 1
