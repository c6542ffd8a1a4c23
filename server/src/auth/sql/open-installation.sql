insert into auth.installation (id, master_key, demo) values ($1, $2, $3) on conflict (single) do nothing
