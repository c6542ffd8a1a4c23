-- Retry plans: what has been waited of one, and what a tenant says of them: settings by kind of effect, and by app and kind.
alter table engine.effect add column waited_ms int not null default 0;
alter table engine.tenant add column retry_plans jsonb;
-- Looked up with every new row; mostly there is none.
create index tenant_retry_plans on engine.tenant (id) where retry_plans is not null;

-- The effect that was announced in its place, when somebody edited a dead one.
alter table engine.ended add column replaced_by uuid;

-- Receivers and mail servers that have only failed since a time; one that works has no row.
create table delivery.failing_receiver (
  -- '' for the mail server, which all tenants share.
  tenant text not null,
  kind text not null check (kind in ('webhook', 'mail')),
  -- Host and port.
  receiver text not null,
  failing_since timestamptz not null,
  last_failure_at timestamptz not null,
  failures int not null,
  last_error text not null,
  -- When it was said in the log; null: not for long enough yet.
  warned_at timestamptz,
  primary key (tenant, kind, receiver)
);
