select id, tenant, app_id, site_id, name from auth.site_instance where app_id = $1 and id = $2
