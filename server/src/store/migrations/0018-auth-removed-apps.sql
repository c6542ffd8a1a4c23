-- Apps and sites that left the workspace file. What they announced is still there, under names that hold their ids: an operator
-- reaches it by these.
create table auth.removed_app (
  tenant text not null references auth.tenant on delete cascade,
  id uuid not null,
  name text not null,
  primary key (tenant, id)
);
create table auth.removed_instance (
  tenant text not null references auth.tenant on delete cascade,
  id uuid not null,
  app_id uuid not null,
  name text not null,
  primary key (tenant, id)
);
