select payload, consumed_at from auth.oidc_record
where kind = $1 and user_code = $2 and (expires_at is null or expires_at > $3)
