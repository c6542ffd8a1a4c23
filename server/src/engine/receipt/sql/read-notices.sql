-- $1 cancellation, $2 most.
select f.id, f.kind, f.title, null::text as ending, null::timestamptz as at, f.evidence, f.last_error as error, f.state <> 'pending' as running
from engine.effect f where f.notice_of = $1
union all
select d.id, d.kind, d.title, d.ending, d.at, d.evidence, d.error, false
from engine.ended d where d.notice_of = $1
order by 1
limit $2
