delete from auth.signing_key
