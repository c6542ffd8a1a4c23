select tenant, app_id, label, expires_at from auth.api_key where hash = $1
