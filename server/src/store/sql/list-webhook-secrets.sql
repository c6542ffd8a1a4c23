select ref, created_at
from delivery.webhook_secret
where tenant = $1 and expires_at is null
order by ref
