select kid, alg, private_jwk, created_at, retires_at from auth.signing_key order by created_at, kid
