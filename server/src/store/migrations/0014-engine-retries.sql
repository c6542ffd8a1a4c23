-- Retry plans: what has been waited of one, and what a tenant says of them: settings by kind of effect, and by app and kind.
alter table engine.effect add column waited_ms int not null default 0;
alter table engine.tenant add column retry_plans jsonb;
-- Looked up with every new row; mostly there is none.
create index tenant_retry_plans on engine.tenant (id) where retry_plans is not null;

-- The effect that was announced in its place, when somebody edited a dead one.
alter table engine.ended add column replaced_by uuid;
