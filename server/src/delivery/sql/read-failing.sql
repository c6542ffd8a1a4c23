-- All that fail, of all tenants: their names only.
select r.tenant, r.kind, r.receiver, r.warned_at is not null as warned from delivery.failing_receiver r limit 20000
