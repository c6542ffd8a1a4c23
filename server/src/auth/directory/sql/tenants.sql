select t.id, t.name, t.sandbox, t.demo, t.consumers, t.issuer, t.webhook_allow, t.rate_limits, t.operator_generation,
  array(select d.domain from auth.tenant_domain d where d.tenant = t.id order by d.domain) as domains
from auth.tenant t
order by t.id
