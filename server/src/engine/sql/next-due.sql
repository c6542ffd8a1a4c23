-- Milliseconds until the next effect falls due, by the database's clock; null when nothing is pending. $1 now, $2 full lanes, $3 kinds.
select extract(epoch from (p.due_at - coalesce($1::timestamptz, clock_timestamp()))) * 1000 as ms
from engine.pending p
where p.lane <> all ($2::text[]) and p.kind = any ($3::text[])
order by p.due_at
limit 1
