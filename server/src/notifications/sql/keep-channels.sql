-- $1 tenant, $2 unique names that stay.
delete from notifications.channel where tenant = $1 and unique_name <> all ($2::text[])
