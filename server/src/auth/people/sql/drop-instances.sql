with gone as (
  delete from auth.site_instance where tenant = $1 and id = any ($2::uuid[]) returning id, app_id, name
)
insert into auth.removed_instance (tenant, id, app_id, name)
select $1, g.id, g.app_id, g.name from gone g
on conflict (tenant, id) do update set app_id = excluded.app_id, name = excluded.name
