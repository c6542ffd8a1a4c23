insert into auth.signing_key (kid, alg, private_jwk, created_at) values ($1, $2, $3, $4)
