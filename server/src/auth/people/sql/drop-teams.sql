delete from auth.team where tenant = $1 and id = any ($2::uuid[])
