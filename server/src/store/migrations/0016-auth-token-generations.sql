-- Tokens can be made void without touching what they are asked for with: an app's secret has a generation of its own, and the
-- tokens of a tenant's operators have one. Operators' tokens of an earlier version name none, and are void.
alter table auth.app add secret_generation integer;
update auth.app set secret_generation = generation;
alter table auth.app alter column secret_generation set not null,
  alter column secret_generation set default nextval('auth.generation');
alter table auth.tenant add operator_generation integer not null default nextval('auth.generation');
