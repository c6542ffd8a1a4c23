select r.tenant, r.automation_id, r.revision, r.program
from unnest($1::text[], $2::uuid[], $3::integer[]) as w(tenant, automation_id, revision)
join automations.revision r
  on r.tenant = w.tenant and r.automation_id = w.automation_id and r.revision = w.revision
