insert into auth.site_instance (id, tenant, app_id, site_id, name)
select r.id, $1, r.app_id, r.site_id, r.name
from jsonb_to_recordset($2::jsonb) as r (id uuid, app_id uuid, site_id uuid, name text)
on conflict (id) do update set site_id = excluded.site_id, name = excluded.name
  where auth.site_instance.tenant = $1 and auth.site_instance.app_id = excluded.app_id
returning id
