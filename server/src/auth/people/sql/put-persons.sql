insert into auth.person (id, tenant, upn, mail, name, roles)
select r.id, $1, r.upn, r.mail, r.name, r.roles
from jsonb_to_recordset($2::jsonb) as r (id uuid, upn text, mail text, name text, roles text[])
on conflict (id) do update
  set upn = excluded.upn, mail = excluded.mail, name = excluded.name, roles = excluded.roles
  where auth.person.tenant = $1
returning id
