-- What was warned of, of a tenant, and the mail server, longest first. $1 tenant, $2 most.
select r.tenant, r.kind, r.receiver, r.failing_since, r.last_failure_at, r.failures, r.last_error, true as warned
from delivery.failing_receiver r
where r.tenant in ($1, '') and r.warned_at is not null
order by r.failing_since, r.kind, r.receiver
limit $2
