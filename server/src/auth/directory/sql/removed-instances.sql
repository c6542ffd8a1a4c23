-- Without those that were added again.
select r.id, r.app_id, r.name from auth.removed_instance r
where r.tenant = $1 and not exists (select from auth.site_instance i where i.tenant = $1 and i.id = r.id)
order by r.app_id, r.name, r.id
