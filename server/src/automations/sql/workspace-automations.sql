select a.id, a.app_id, a.trigger_key, a.name, a.active, a.revision, r.program
from automations.automation a
join automations.revision r
  on r.tenant = a.tenant and r.automation_id = a.id and r.revision = a.revision
where a.tenant = $1
