delete from auth.oidc_record where payload ->> 'accountId' = $1
