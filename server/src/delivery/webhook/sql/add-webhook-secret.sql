insert into delivery.webhook_secret (tenant, ref, secret)
values ($1, $2, $3)
on conflict do nothing
