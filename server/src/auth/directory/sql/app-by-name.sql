select id, tenant, name, scopes, roles, redirect_uris, generation, secret_generation, secret_salt, secret_hash from auth.app where tenant = $1 and name = $2
