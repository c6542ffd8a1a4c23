-- By id alone: an app that signs in does not name its tenant. Every other query names the tenant.
select id, tenant, name, scopes, roles, redirect_uris, generation, secret_generation, secret_salt, secret_hash from auth.app where id = $1
