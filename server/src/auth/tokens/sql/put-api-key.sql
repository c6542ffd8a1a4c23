insert into auth.api_key (hash, tenant, app_id, label, expires_at) values ($1, $2, $3, $4, $5)
on conflict (coalesce(app_id, '00000000-0000-0000-0000-000000000000'), label)
do update set hash = excluded.hash, expires_at = excluded.expires_at, created_at = now()
