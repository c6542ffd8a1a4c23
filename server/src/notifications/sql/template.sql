-- $1 tenant, $2 unique name in lower case.
select definition from notifications.template where tenant = $1 and unique_name = $2
