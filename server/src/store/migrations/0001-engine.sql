-- The engine's tables. Every hot row carries its shard first in its key (ARCHITECTURE.md, "How it scales").
-- No foreign keys: one takes KEY SHARE, which a cancel's lock does not conflict with, so it would guard nothing, slowly.
create schema engine;

-- Births, cancellations and endings are ordered by one sequence: never by a clock, and never cached (cache 1).
create sequence engine.birth;

create table engine.tenant (
  id text primary key,
  sandbox boolean not null default false,
  -- How far the tenant's clock is ahead of the database's; zero unless sandbox.
  clock_offset interval not null default '0'
);

create table engine.event (
  shard smallint not null,
  id uuid not null,
  birth bigint not null default nextval('engine.birth'),
  tenant text not null,
  kind text not null,
  key text,
  entity text not null,
  parent_id uuid,
  link text not null default 'cancel' check (link in ('cancel', 'keep')),
  root_id uuid not null,
  -- The events whose cancel means this one's: itself, and its ancestors up to the first 'keep' link.
  line uuid[] not null,
  title text not null,
  data jsonb not null,
  correlation_id text,
  created_at timestamptz not null,
  cancellation_id uuid,
  primary key (shard, id)
) with (fillfactor = 85);
-- Cancel by key: the live ones. What was cancelled leaves the index.
create index event_key on engine.event (shard, tenant, key) where key is not null and cancellation_id is null;
create index event_parent on engine.event (shard, parent_id, id) where parent_id is not null;
create index event_cancelled on engine.event (cancellation_id, birth) where cancellation_id is not null;
create index event_correlation on engine.event (tenant, correlation_id) where correlation_id is not null;

-- A child lives in its root's shard; a key that a caller gave to it is found from the shard of that key's own entity.
create table engine.alias (
  shard smallint not null,
  tenant text not null,
  key text not null,
  event_shard smallint not null,
  event_id uuid not null,
  primary key (shard, tenant, key, event_id)
);

-- What an effect is; never updated. Its state is a row in exactly one of pending, running, ended.
create table engine.effect (
  shard smallint not null,
  id uuid not null,
  birth bigint not null default nextval('engine.birth'),
  tenant text not null,
  event_id uuid,
  -- Set for a notice: the cancellation that owes it.
  notice_of uuid,
  kind text not null,
  title text not null,
  lane text not null default '',
  due_at timestamptz not null,
  max_attempts smallint not null,
  link text not null default 'cancel' check (link in ('cancel', 'keep')),
  next text[] not null default '{}',
  data jsonb not null,
  primary key (shard, id),
  check ((event_id is null) <> (notice_of is null))
);
create index effect_event on engine.effect (shard, event_id, id) where event_id is not null;
create index effect_notice on engine.effect (notice_of, birth) where notice_of is not null;

create table engine.pending (
  shard smallint not null,
  effect_id uuid not null,
  -- Real time, by the database's clock; a sandbox tenant's clock moves it.
  due_at timestamptz not null,
  tenant text not null,
  -- tenant, kind and lane as one: what slots are counted by.
  lane text not null,
  kind text not null,
  event_id uuid,
  attempt smallint not null default 1,
  -- An earlier attempt may have had its effect (its answer was lost, its process died): a cancel must not call it prevented.
  doubt boolean not null default false,
  last_error text,
  primary key (shard, effect_id)
);
create index pending_due on engine.pending (due_at);

create table engine.running (
  shard smallint not null,
  effect_id uuid not null,
  event_id uuid,
  tenant text not null,
  kind text not null,
  attempt smallint not null,
  -- As in pending: of the attempts before this one.
  doubt boolean not null default false,
  -- Null: nobody runs it, it ends from outside (an offer on a screen, a webhook that waits for its withdrawal).
  worker uuid,
  started_at timestamptz not null,
  -- Asked to stop, by this cancellation.
  cancellation_id uuid,
  evidence jsonb,
  primary key (shard, effect_id)
);
create index running_worker on engine.running (worker) where worker is not null;
create index running_asked on engine.running (cancellation_id) where cancellation_id is not null;

create table engine.ended (
  shard smallint not null,
  effect_id uuid not null,
  event_id uuid,
  tenant text not null,
  ending text not null check
    (ending in ('done', 'skipped', 'dead', 'superseded', 'prevented', 'stopped', 'too_late', 'in_doubt')),
  -- On the tenant's clock.
  at timestamptz not null,
  attempt smallint not null,
  -- The cancellation that prevented it, or had asked it to stop.
  cancellation_id uuid,
  error text,
  evidence jsonb,
  primary key (shard, effect_id)
);
create index ended_cancellation on engine.ended (cancellation_id) where cancellation_id is not null;
create index ended_dead on engine.ended (tenant, at) where ending = 'dead';

create table engine.cancellation (
  shard smallint not null,
  id uuid not null,
  birth bigint not null default nextval('engine.birth'),
  tenant text not null,
  -- What was asked for: one event, or all with a key.
  target_event uuid,
  target_key text,
  target_entity text,
  target_kind text,
  caller text not null,
  caller_api text not null,
  caller_name text not null,
  request_key text,
  reason text,
  correlation_id text,
  -- On the tenant's clock.
  at timestamptz not null,
  -- By the database's clock.
  final_by timestamptz not null,
  -- Early: until when it waits for its event, by the database's clock.
  early_until timestamptz,
  -- The same as it was said, on the tenant's clock.
  early_until_shown timestamptz,
  -- While open: effects written down so far.
  marked bigint not null default 0,
  -- Items by outcome, kept at the first look that found it final.
  counts jsonb,
  -- An open cancellation is still being written down behind its acknowledgement (I10).
  open boolean not null default false,
  data jsonb,
  primary key (shard, id)
);
create unique index cancellation_request on engine.cancellation (shard, tenant, caller, request_key)
  where request_key is not null;
create index cancellation_key on engine.cancellation (tenant, target_key, birth) where target_key is not null;
create index cancellation_event on engine.cancellation (target_event, birth) where target_event is not null;
create index cancellation_correlation on engine.cancellation (tenant, correlation_id) where correlation_id is not null;
-- On an expression, so that nothing takes it but the list of recent receipts: planned while the table was young, look-ups by
-- key and by id took it too, and read every cancellation of the tenant.
create index cancellation_recent on engine.cancellation ((tenant || ''), birth);

-- The items of a receipt that no ended row of its own tells: what had ended before, what is kept, and what ended between
-- the acknowledgement of an open cancellation and its mark.
create table engine.receipt_item (
  shard smallint not null,
  cancellation_id uuid not null,
  effect_id uuid not null,
  outcome text not null check (outcome in ('done', 'kept', 'already_cancelled', 'stopped', 'too_late')),
  ending text,
  at timestamptz,
  evidence jsonb,
  by_cancellation uuid,
  primary key (cancellation_id, effect_id, shard)
);
-- Which receipts an effect stands in: as long as one of them is kept, so is the effect.
create index receipt_item_effect on engine.receipt_item (effect_id);
create table engine.receipt_note (
  shard smallint not null,
  cancellation_id uuid not null,
  effect_id uuid not null,
  at timestamptz not null,
  text text not null,
  evidence jsonb
);
create index receipt_note_cancellation on engine.receipt_note (cancellation_id);

-- A huge cancel, from its acknowledgement until everything under it is marked. Every start and birth reads it.
create table engine.open_cancellation (
  shard smallint not null,
  cancellation_id uuid not null,
  -- The cancellation's own shard. A key has a row also in each shard where an alias of it lives: those only cover.
  home smallint not null,
  tenant text not null,
  target_event uuid,
  target_key text,
  target_entity text,
  -- Events born up to here are covered; what is announced later lives.
  birth_limit bigint not null,
  -- How far marking has got: children of marked events by the parent's birth, effects by event's birth and own id.
  children_after bigint not null default 0,
  effects_event bigint not null default 0,
  effects_after uuid not null default '00000000-0000-0000-0000-000000000000',
  primary key (shard, cancellation_id)
);

-- What a caller's request key stands for. In the shard of the key itself: the same key with anything else is refused,
-- whatever shard that would be in.
create table engine.request_key (
  shard smallint not null,
  tenant text not null,
  caller text not null,
  key text not null,
  -- Of what was asked for.
  fingerprint text not null,
  -- What was answered; null until that is known.
  answer jsonb,
  at timestamptz not null,
  primary key (shard, tenant, caller, key)
);
create index request_key_age on engine.request_key (at);

-- How far the sweep of a shard has got, and when the next one begins. Whoever holds the row sweeps the shard.
create table engine.sweep (
  shard smallint primary key,
  after uuid not null default '00000000-0000-0000-0000-000000000000',
  due_at timestamptz not null default '-infinity'
);
create index sweep_due on engine.sweep (due_at);

-- One row per live process; an expired one's running effects are rescued.
create table engine.worker (
  id uuid primary key,
  alive_until timestamptz not null,
  host text not null,
  pid integer not null
);
