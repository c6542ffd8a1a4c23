-- Locks: hold.
-- From now on starts read effects that are released. $1 a tenant whose effects are all released, or null.
update engine.hold set partly = true,
  released_tenants = case when $1::text is null or $1 = any (released_tenants) then released_tenants else released_tenants || $1 end
