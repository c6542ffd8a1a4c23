insert into auth.sign_in_link (hash, tenant, person_id, expires_at) values ($1, $2, $3, $4)
