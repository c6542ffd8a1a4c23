update auth.signing_key set retires_at = $1 where retires_at is null
