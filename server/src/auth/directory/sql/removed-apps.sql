-- Without those that were added again.
select r.id, r.name from auth.removed_app r
where r.tenant = $1 and not exists (select from auth.app a where a.tenant = $1 and a.id = r.id)
order by r.name, r.id
