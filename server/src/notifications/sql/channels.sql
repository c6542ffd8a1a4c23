-- $1 tenant.
select definition from notifications.channel where tenant = $1 order by position, unique_name
