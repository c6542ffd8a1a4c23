update auth.app set generation = generation + 1, secret_salt = null, secret_hash = null where tenant = $1 and id = $2
returning generation
