-- The automations room: what an app may report (trigger), what follows from it (automation, revision), and which reports
-- were seen already (idempotency). Activations are events of the engine; nothing about them is stored twice.
create schema automations;

create table automations.trigger (
  tenant text not null,
  -- The app that owns the key: only it may report and cancel.
  app_id text not null,
  trigger_key text not null,
  title text not null,
  -- Payload field that says when a scheduled event happens; null for a real-time trigger.
  schedule_field text,
  -- Taken out of the workspace file: no report is accepted any more, but what is pending can still be cancelled.
  retired boolean not null default false,
  primary key (tenant, app_id, trigger_key)
);

create table automations.automation (
  tenant text not null,
  id uuid not null,
  app_id text not null,
  trigger_key text not null,
  name text not null,
  active boolean not null,
  -- The revision that new reports run.
  revision integer not null,
  primary key (tenant, id),
  unique (tenant, app_id, name)
);
create index automation_trigger on automations.automation (tenant, app_id, trigger_key) where active;

-- Never updated: an activation goes on with the revision that it began with.
create table automations.revision (
  tenant text not null,
  automation_id uuid not null,
  revision integer not null,
  program jsonb not null,
  primary key (tenant, automation_id, revision)
);

-- shard: of the key, because a repeat may name another entity.
create table automations.idempotency (
  shard smallint not null,
  tenant text not null,
  app_id text not null,
  site text not null,
  trigger_key text not null,
  key text not null,
  -- Both on the tenant's clock.
  reported_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (shard, tenant, app_id, site, trigger_key, key)
);
create index idempotency_expired on automations.idempotency (tenant, expires_at);

-- Steps that ended dead and were passed: their successor is born. A person may retry such a step, which then ends a second
-- time, and must not bring its successor into the world again.
create table automations.passed_step (
  shard smallint not null,
  effect_id uuid not null,
  primary key (shard, effect_id)
);
