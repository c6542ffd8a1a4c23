with gone as (
  delete from auth.app where tenant = $1 and id = any ($2::uuid[]) returning id, name
)
insert into auth.removed_app (tenant, id, name)
select $1, g.id, g.name from gone g
on conflict (tenant, id) do update set name = excluded.name
