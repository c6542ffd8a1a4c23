select domain from auth.tenant_domain where domain = any ($2::text[]) and tenant <> $1
