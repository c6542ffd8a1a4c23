insert into auth.tenant_domain (domain, tenant) select d, $1 from unnest($2::text[]) d on conflict (domain) do nothing
