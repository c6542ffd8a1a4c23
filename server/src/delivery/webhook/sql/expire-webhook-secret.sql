update delivery.webhook_secret
set expires_at = clock_timestamp() + $3 * interval '1 millisecond'
where tenant = $1 and ref = $2 and expires_at is null
