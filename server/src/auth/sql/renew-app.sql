update auth.app set generation = nextval('auth.generation'), secret_generation = nextval('auth.generation'), secret_salt = null, secret_hash = null
where tenant = $1 and id = $2
