insert into auth.team (id, tenant, name, mail)
select r.id, $1, r.name, r.mail from jsonb_to_recordset($2::jsonb) as r (id uuid, name text, mail text)
on conflict (id) do update set name = excluded.name, mail = excluded.mail where auth.team.tenant = $1
returning id
