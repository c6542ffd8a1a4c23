insert into auth.oidc_record (kind, id_hash, payload, grant_id, uid, user_code, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (kind, id_hash) do update
  set payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid, user_code = excluded.user_code,
    expires_at = excluded.expires_at
