-- A row for each name: when its newest was made, and how many sign now. $1 tenant.
select ref, max(created_at) filter (where expires_at is null) as created_at, count(*)::int as signing
from delivery.webhook_secret
where tenant = $1 and (expires_at is null or expires_at > clock_timestamp())
group by ref
order by ref
