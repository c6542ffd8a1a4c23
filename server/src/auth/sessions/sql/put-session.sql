insert into auth.browser_session (hash, tenant, person_id, expires_at) values ($1, $2, $3, $4)
