delete from auth.oidc_record where kind = $1 and id_hash = $2
