-- Takes the sweep's row until the commit, when a sweep is due and nobody else sweeps. While on hold nothing is swept. $1 now, $2 retention in ms.
select s.after, coalesce($1::timestamptz, clock_timestamp()) - $2::double precision * interval '1 millisecond' as before
from engine.sweep s
where s.due_at <= (select coalesce($1::timestamptz, clock_timestamp())) and not exists (select from engine.hold)
order by s.due_at
limit 1
for update skip locked
