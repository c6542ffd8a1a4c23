delete from auth.oidc_record where expires_at < $1 returning true as gone
