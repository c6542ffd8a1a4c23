select secret, created_at, expires_at
from delivery.webhook_secret
where tenant = $1 and ref = $2 and (expires_at is null or expires_at > clock_timestamp())
order by expires_at is not null, expires_at desc
