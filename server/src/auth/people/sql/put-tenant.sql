insert into auth.tenant (id, name, sandbox, demo, consumers, issuer, webhook_allow, rate_limits)
values ($1, $2, $3, coalesce($4::boolean, false), $5, $6, $7, $8)
on conflict (id) do update
  set name = excluded.name, sandbox = excluded.sandbox, demo = coalesce($4::boolean, auth.tenant.demo),
    consumers = excluded.consumers, issuer = excluded.issuer, webhook_allow = excluded.webhook_allow,
    rate_limits = excluded.rate_limits
