select id, tenant, upn, mail, name, roles, generation from auth.person where tenant = $1 and (mail = $2 or upn = $2) order by (mail = $2) desc, upn limit 1
