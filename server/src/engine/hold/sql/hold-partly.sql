-- Locks: hold.
-- From now on rows are looked at. $1 a tenant of which everything is released, or null.
update engine.hold set partly = true,
  released_tenants = case when $1::text is null or $1 = any (released_tenants) then released_tenants else released_tenants || $1 end
