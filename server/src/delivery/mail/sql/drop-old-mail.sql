-- $1 age in ms, $2 most. On the database's clock; what a sandbox's clock dated ahead is kept longer.
delete from delivery.kept_mail m
using (
  select tenant, id from delivery.kept_mail
  where at < (select clock_timestamp() - $1::double precision * interval '1 millisecond')
  order by at limit $2 for update skip locked
) as old
where m.tenant = old.tenant and m.id = old.id
returning m.id
