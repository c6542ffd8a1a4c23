delete from auth.site_instance where tenant = $1 and id = any ($2::uuid[])
