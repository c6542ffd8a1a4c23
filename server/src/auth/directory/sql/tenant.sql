select t.id, t.name, t.sandbox, t.demo, t.consumers, t.issuer, t.webhook_allow, t.rate_limits,
  array(select d.domain from auth.tenant_domain d where d.tenant = t.id order by d.domain) as domains
from auth.tenant t
where t.id = $1
