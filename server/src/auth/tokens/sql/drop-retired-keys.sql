delete from auth.signing_key where retires_at < $1
