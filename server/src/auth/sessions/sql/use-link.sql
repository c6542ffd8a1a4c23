delete from auth.sign_in_link where hash = $1 returning tenant, person_id, expires_at
