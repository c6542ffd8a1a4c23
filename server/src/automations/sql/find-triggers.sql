select w.n, t.schedule_field, t.retired, a.id as automation_id, a.revision, a.name
from unnest($1::text[], $2::text[], $3::text[]) with ordinality as w(tenant, app_id, trigger_key, n)
join automations.trigger t
  on t.tenant = w.tenant and t.app_id = w.app_id and t.trigger_key = w.trigger_key
left join automations.automation a
  on a.tenant = t.tenant and a.app_id = t.app_id and a.trigger_key = t.trigger_key and a.active
order by w.n, a.name, a.id
