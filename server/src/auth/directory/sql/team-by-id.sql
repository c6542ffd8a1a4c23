select id, tenant, name, mail from auth.team where tenant = $1 and id = $2
