delete from auth.oidc_record
