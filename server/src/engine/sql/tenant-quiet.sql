-- Whether a tenant has nothing due and nothing that a worker runs. $1 now, $2 tenant.
select not exists (select from engine.pending p where p.tenant = $2 and p.due_at <= coalesce($1::timestamptz, clock_timestamp()))
  and not exists (select from engine.running r where r.tenant = $2 and r.worker is not null) as quiet
