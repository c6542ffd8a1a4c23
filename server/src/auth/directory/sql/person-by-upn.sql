select id, tenant, upn, mail, name, roles, generation from auth.person where tenant = $1 and upn = $2
