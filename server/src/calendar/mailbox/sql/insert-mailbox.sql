insert into calendar.mailbox (tenant, id, kind, name, address)
values ($1, $2, $3, $4, $5)
on conflict (tenant, id) do update set name = excluded.name, address = excluded.address
where (calendar.mailbox.name, calendar.mailbox.address) is distinct from (excluded.name, excluded.address)
