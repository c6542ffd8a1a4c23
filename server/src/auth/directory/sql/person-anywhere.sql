select id, tenant, upn, mail, name, roles, generation from auth.person where id = $1
