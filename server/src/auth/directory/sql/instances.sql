select id, tenant, app_id, site_id, name from auth.site_instance where tenant = $1 order by app_id, name, id
