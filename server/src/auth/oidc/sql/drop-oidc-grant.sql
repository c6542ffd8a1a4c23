delete from auth.oidc_record where kind = $1 and grant_id = $2
