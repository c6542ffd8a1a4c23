update auth.oidc_record set consumed_at = $3 where kind = $1 and id_hash = $2 and consumed_at is null
