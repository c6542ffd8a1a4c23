delete from auth.tenant_domain where tenant = $1 and domain <> all ($2::text[])
