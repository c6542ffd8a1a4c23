-- Offers to agents. All offers of an agent live in one shard (that of `agent:<id>`), so that its queue is one node's business.
create schema notifications;

create table notifications.template (
  tenant text not null,
  -- Compared without regard to case, as Dynamics does.
  unique_name text not null,
  definition jsonb not null,
  primary key (tenant, unique_name)
);

create table notifications.channel (
  tenant text not null,
  unique_name text not null,
  position integer not null,
  definition jsonb not null,
  primary key (tenant, unique_name)
);

create sequence notifications.arrival;

-- One row per agent who was ever offered anything: what placing and arranging lock, one at a time per agent.
create table notifications.agent (
  shard smallint not null,
  tenant text not null,
  agent_id uuid not null,
  primary key (shard, tenant, agent_id)
);

create table notifications.offer (
  shard smallint not null,
  tenant text not null,
  -- Also the id of its event in the engine.
  id uuid not null,
  agent_id uuid not null,
  channel text not null,
  -- Two when the caller gave a different one in the input and as the third argument: either cancels.
  token text,
  second_token text,
  correlation_id text,
  -- Pages (tabs) that announced it.
  pages text[] not null default '{}',
  template text not null,
  -- What the agent sees, made when it was raised: later changes of the template do not reach it.
  card jsonb not null,
  timeout_ms integer not null,
  auto_accept boolean not null,
  -- The engine's effect that waits for the agent.
  effect_id uuid not null,
  state text not null check (state in ('arriving', 'queued', 'displayed', 'ended')),
  arrival bigint not null default nextval('notifications.arrival'),
  -- On the tenant's clock.
  arrived_at timestamptz not null,
  displayed_at timestamptz,
  -- By the database's clock: a sandbox clock that leaps must not hide an end from those who wait for it.
  ended_at timestamptz,
  action_name text,
  response_reason text,
  -- For people: who or what ended it.
  ended_by text,
  primary key (shard, tenant, id),
  check ((state = 'ended') = (action_name is not null and response_reason is not null and ended_at is not null))
) with (fillfactor = 80);
create index offer_open on notifications.offer (shard, tenant, agent_id, arrival) where state <> 'ended';
create index offer_ended on notifications.offer (shard, tenant, agent_id, ended_at) where state = 'ended';
-- Several tabs that announce one call: the first makes the offer, the others join it.
create unique index offer_token on notifications.offer (shard, tenant, agent_id, channel, token)
  where state <> 'ended' and token is not null;
