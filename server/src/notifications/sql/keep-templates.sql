-- $1 tenant, $2 unique names in lower case that stay.
delete from notifications.template where tenant = $1 and unique_name <> all ($2::text[])
