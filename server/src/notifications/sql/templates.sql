-- $1 tenant.
select definition from notifications.template where tenant = $1 order by unique_name
