delete from delivery.webhook_secret where expires_at < clock_timestamp() returning id
