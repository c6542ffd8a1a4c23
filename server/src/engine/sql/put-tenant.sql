insert into engine.tenant (id, sandbox) values ($1, $2)
on conflict (id) do update set sandbox = excluded.sandbox where engine.tenant.sandbox is distinct from excluded.sandbox
