select tenant, person_id, expires_at from auth.sign_in_link where hash = $1
