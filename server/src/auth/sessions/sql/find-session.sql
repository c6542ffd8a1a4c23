select tenant, person_id, expires_at from auth.browser_session where hash = $1
