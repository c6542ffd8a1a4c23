delete from auth.app where tenant = $1 and id = any ($2::uuid[])
