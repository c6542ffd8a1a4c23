select payload, consumed_at from auth.oidc_record
where kind = $1 and id_hash = $2 and (expires_at is null or expires_at > $3)
