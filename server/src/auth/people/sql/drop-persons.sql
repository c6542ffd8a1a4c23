delete from auth.person where tenant = $1 and id = any ($2::uuid[])
