insert into auth.app (id, tenant, name, scopes, roles, redirect_uris, secret_salt, secret_hash)
select r.id, $1, r.name, r.scopes, r.roles, r.redirect_uris, decode(r.secret_salt, 'hex'), decode(r.secret_hash, 'hex')
from jsonb_to_recordset($2::jsonb) as r
  (id uuid, name text, scopes text[], roles text[], redirect_uris text[], secret_salt text, secret_hash text)
on conflict (id) do update
  set name = excluded.name, scopes = excluded.scopes, roles = excluded.roles, redirect_uris = excluded.redirect_uris,
    generation = case when auth.app.secret_hash is distinct from excluded.secret_hash then nextval('auth.generation')
      else auth.app.generation end,
    secret_generation = case when auth.app.secret_hash is distinct from excluded.secret_hash then nextval('auth.generation')
      else auth.app.secret_generation end,
    secret_salt = excluded.secret_salt, secret_hash = excluded.secret_hash
  where auth.app.tenant = $1
returning id
