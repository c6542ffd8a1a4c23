-- The engine's next form (ARCHITECTURE.md, "State of an effect"): an effect that has not ended is one row, what it is and how
-- it stands together; when it ends, the row moves to engine.ended. Every start is known by an id of its own, which fences
-- what is written about it. Keys begin with the id: an index that begins with the shard is entered at 256 places at once.

-- A server of the version before this one writes to tables that go away here. Its code tells migrate.ts to wait for its end. From
-- the locks on nobody writes to them: between two statements of this file an effect must not go from one table to another.
do $$
declare
  old record;
begin
  lock table engine.worker in access exclusive mode;
  select format('process %s%s', w.pid, case when w.host <> '' then ' on ' || w.host end) as process,
    ceil(extract(epoch from w.alive_until - clock_timestamp())) as seconds into old
  from engine.worker w where w.alive_until >= clock_timestamp() order by w.alive_until desc limit 1;
  if found then
    raise exception using errcode = 'SD001', message =
      format('an older version runs on this database: %s, whose lease ends in %s s', old.process, old.seconds);
  end if;
end $$;
lock table engine.tenant, engine.event, engine.alias, engine.effect, engine.pending, engine.running, engine.ended, engine.cancellation,
  engine.receipt_item, engine.receipt_note, engine.open_cancellation, engine.sweep in access exclusive mode;

-- What is large is joined and sorted here once.
set local work_mem = '32MB';
set local maintenance_work_mem = '128MB';

alter sequence engine.birth rename to sequence_number;

-- Clocks of sandboxes are looked up with every row that is dated; mostly there is none.
create index tenant_sandbox on engine.tenant (id) where sandbox;

-- Events ----------------------------------------------------------------------------------------------------------------

drop index engine.event_key, engine.event_parent, engine.event_cancelled;
alter table engine.event drop constraint event_pkey;
alter table engine.event rename column birth to sequence;
-- The events whose cancel means this one's: itself, and its ancestors up to the first 'keep' link.
alter table engine.event rename column line to cancel_path;
alter table engine.event
  alter column data type json using data::text::json,
  -- Who announced it: the app, through which API, and the key as the caller gave it (`key` has the app's id in it).
  add column app text,
  add column api text,
  add column bare_key text;
alter table engine.event add primary key (id, shard);
-- Cancel by key: the live ones. A hash, since it is narrow and compares fast; statements compare the texts too.
create index event_key on engine.event (hashtextextended(tenant || chr(10) || key || chr(10) || entity, 0))
  where key is not null and cancellation_id is null;
create index event_parent on engine.event (parent_id, id) where parent_id is not null;

-- Effects ---------------------------------------------------------------------------------------------------------------

create type engine.effect_state as enum ('pending', 'running', 'waiting');

alter table engine.effect rename to old_effect;
alter index engine.effect_pkey rename to old_effect_pkey;
drop index engine.effect_event, engine.effect_notice;
alter table engine.ended rename to old_ended;
alter index engine.ended_pkey rename to old_ended_pkey;
drop index engine.ended_cancellation, engine.ended_dead;

-- What has not ended. fillfactor: a start changes no indexed column, so with room on the page it costs no index entry.
create table engine.effect (
  id uuid not null,
  -- One of the two: the event that it belongs to, or for a notice the cancellation that it tells about.
  event_id uuid,
  notice_of uuid,
  -- By the database's clock; a sandbox tenant's clock moves it. 'infinity' while it waits for an answer from outside.
  due_at timestamptz not null,
  -- The same as it is shown, on the tenant's clock; it does not move.
  due_shown timestamptz not null,
  -- The start that it is running under; null while pending. Who writes about a start names it.
  start_id uuid,
  worker uuid,
  started_at timestamptz,
  -- Set while a cancellation has asked it to stop.
  cancellation_id uuid,
  shard smallint not null,
  attempt smallint not null default 1,
  max_attempts smallint not null,
  state engine.effect_state not null default 'pending',
  -- An attempt before this one may have had its effect: a cancel must not call it prevented.
  doubt boolean not null default false,
  -- False for waits and time limits, which nobody outside of the database notices.
  touches_world boolean not null,
  -- What a cancel of its event means for it: kept, or called off with it.
  keep boolean not null default false,
  on_hold boolean not null default false,
  tenant text not null,
  kind text not null,
  -- Of its event; null for a notice.
  event_kind text,
  -- tenant, kind and receiver as one: what slots are counted by.
  lane text not null,
  title text not null,
  next text[],
  retry_plan text,
  last_error text,
  evidence json,
  data json not null,
  check ((event_id is null) <> (notice_of is null))
) with (fillfactor = 50);

-- What an effect was, in the columns of what it is now. Joined by ids alone, which contain the shard: of both together the planner
-- would expect a 256th of the rows.
create view engine.effect_before as
select f.id, f.event_id, f.notice_of, f.due_at as due_shown, f.shard,
  -- A timer that was given one attempt died with its process.
  case when f.kind = 'native.delay' then greatest(f.max_attempts, 20::smallint) else f.max_attempts end as max_attempts,
  f.kind not in ('automations.delay', 'native.delay', 'notifications.timeout') as touches_world, f.link = 'keep' as keep, f.tenant, f.kind,
  e.kind as event_kind, f.tenant || ' ' || f.kind || ' ' || f.lane as lane, f.title, nullif(f.next, '{}') as next, f.data::text::json as data
from engine.old_effect f
left join engine.event e on e.id = f.event_id;

insert into engine.effect
  (id, event_id, notice_of, due_at, due_shown, shard, attempt, max_attempts, doubt, touches_world, keep, tenant, kind, event_kind, lane,
   title, next, last_error, data)
select f.id, f.event_id, f.notice_of, p.due_at, f.due_shown, f.shard, p.attempt, f.max_attempts, p.doubt and f.touches_world,
  f.touches_world, f.keep, f.tenant, f.kind, f.event_kind, f.lane, f.title, f.next, p.last_error, f.data
from engine.pending p
join engine.effect_before f on f.id = p.effect_id;

-- What was running belongs to processes that are gone: what one of them had started counts as one start, under which rescue
-- finds it, and it may have had its effect. What waits for an answer from outside goes on waiting.
insert into engine.effect
  (id, event_id, notice_of, due_at, due_shown, start_id, worker, started_at, cancellation_id, shard, attempt, max_attempts, state, doubt,
   touches_world, keep, tenant, kind, event_kind, lane, title, next, evidence, data)
select f.id, f.event_id, f.notice_of, case when r.worker is null then 'infinity' else r.started_at end, f.due_shown,
  coalesce(r.worker, f.id), r.worker, r.started_at, r.cancellation_id, f.shard, r.attempt, f.max_attempts,
  case when r.worker is null then 'waiting' else 'running' end::engine.effect_state, r.doubt and f.touches_world,
  f.touches_world, f.keep, f.tenant, f.kind, f.event_kind, f.lane, f.title, f.next, r.evidence::text::json, f.data
from engine.running r
join engine.effect_before f on f.id = r.effect_id;

alter table engine.effect add primary key (id, shard);
create index effect_due on engine.effect (due_at);
create index effect_event on engine.effect (event_id, id) where event_id is not null;
create index effect_notice on engine.effect (notice_of, id) where notice_of is not null;
create index effect_stopping on engine.effect (cancellation_id) where cancellation_id is not null;

create table engine.ended (
  id uuid not null,
  event_id uuid,
  notice_of uuid,
  -- On the tenant's clock.
  at timestamptz not null,
  due_shown timestamptz not null,
  -- The start whose runner said how it ended; null when nobody ran it, or its time was up.
  start_id uuid,
  -- The cancellation that prevented it, had asked it to stop, or left it in doubt.
  cancellation_id uuid,
  shard smallint not null,
  -- How many attempts were made.
  attempt smallint not null,
  max_attempts smallint not null,
  -- It ended dead or superseded, and an attempt may have had its effect.
  doubt boolean not null default false,
  touches_world boolean not null,
  keep boolean not null,
  tenant text not null,
  ending text not null check
    (ending in ('done', 'skipped', 'dead', 'superseded', 'prevented', 'stopped', 'too_late', 'in_doubt')),
  kind text not null,
  event_kind text,
  lane text not null,
  title text not null,
  next text[],
  retry_plan text,
  error text,
  evidence json,
  data json not null
);
-- Nobody knows any more which of those that died or were replaced had been in doubt: what was ever started counts as such.
insert into engine.ended
  (id, event_id, notice_of, at, due_shown, cancellation_id, shard, attempt, max_attempts, doubt, touches_world, keep, tenant, ending, kind,
   event_kind, lane, title, next, error, evidence, data)
select f.id, f.event_id, f.notice_of, d.at, f.due_shown, d.cancellation_id, f.shard, d.attempt, f.max_attempts,
  d.ending in ('dead', 'superseded') and d.attempt > 0 and f.touches_world, f.touches_world, f.keep, f.tenant, d.ending, f.kind,
  f.event_kind, f.lane, f.title, f.next, d.error, d.evidence::text::json, f.data
from engine.old_ended d
join engine.effect_before f on f.id = d.effect_id;

alter table engine.ended add primary key (id, shard);
create index ended_event on engine.ended (event_id, id) where event_id is not null;
create index ended_notice on engine.ended (notice_of, id) where notice_of is not null;
create index ended_cancellation on engine.ended (cancellation_id, id) where cancellation_id is not null;
create index ended_dead on engine.ended (tenant, at) where ending = 'dead';

drop view engine.effect_before;
drop table engine.pending, engine.running, engine.old_ended, engine.old_effect;

-- Starts ----------------------------------------------------------------------------------------------------------------

-- A process's permission to start. A start holds it; who deletes it has waited for every start that was under way, and a
-- request that arrives later starts nothing.
create table engine.start_ticket (
  id uuid primary key,
  worker uuid not null
);
create index start_ticket_worker on engine.start_ticket (worker);
-- What was started together, under one start id: by this rescue finds what a dead process left running.
create table engine.start_batch (
  id uuid primary key,
  worker uuid not null,
  effect_ids uuid[] not null
);
create index start_batch_worker on engine.start_batch (worker, id);
insert into engine.start_batch (id, worker, effect_ids)
select f.start_id, f.worker, array_agg(f.id) from engine.effect f where f.state = 'running' group by f.start_id, f.worker;

-- Cancellations ---------------------------------------------------------------------------------------------------------

drop index engine.cancellation_request, engine.cancellation_key, engine.cancellation_event, engine.cancellation_correlation,
  engine.cancellation_recent;
alter table engine.cancellation drop constraint cancellation_pkey;
alter table engine.cancellation rename column birth to sequence;
alter table engine.cancellation
  -- What it called off; of a huge tree, and what it met early, stands in receipt_event.
  add column event_ids uuid[] not null default '{}',
  -- The largest sequence of an event that it called off: whether something was announced since another cancel.
  add column newest_event bigint not null default 0,
  -- Items of effects that were prevented in the plain case, with what they were: no row of their own tells of them.
  add column prevented json;

-- The events of a huge cancel in the order in which they were found, which is the order in which they are worked off; and
-- those that an early cancellation met.
create table engine.receipt_event (
  cancellation_id uuid not null,
  sequence bigint not null default nextval('engine.sequence_number'),
  event_id uuid not null,
  shard smallint not null,
  how text not null check (how in ('called_off', 'kept', 'called_off_before', 'met'))
);

create temporary table called_off on commit drop as
select e.cancellation_id as id, array_agg(e.id order by e.sequence) filter (where e.sequence <= c.sequence) as event_ids,
  max(e.sequence) as newest, c.open or count(*) > 5000 as is_huge
from engine.event e join engine.cancellation c on c.id = e.cancellation_id
group by e.cancellation_id, c.open;
insert into engine.receipt_event (cancellation_id, sequence, event_id, shard, how)
select c.id, e.sequence, e.id, e.shard, case when e.sequence > c.sequence and not c.open then 'met' else 'called_off' end
from called_off o
join engine.cancellation c on c.id = o.id
join engine.event e on e.cancellation_id = c.id
where o.is_huge or e.sequence > c.sequence;
update engine.cancellation c set newest_event = o.newest, event_ids = case when o.is_huge then '{}' else coalesce(o.event_ids, '{}') end
from called_off o where c.id = o.id;

alter table engine.receipt_event add primary key (cancellation_id, event_id);
create index receipt_event_order on engine.receipt_event (cancellation_id, sequence);
create index receipt_event_event on engine.receipt_event (event_id);

-- Inner steps count no more, and what had ended before has a name of its own: receipts are counted again when they are next read.
-- After the update, since it writes the table anew without the rows that were.
alter table engine.cancellation
  alter column data type json using data::text::json,
  drop column counts,
  add column counts jsonb;
alter table engine.cancellation add primary key (id, shard);
create unique index cancellation_request on engine.cancellation (tenant, caller, request_key, shard) where request_key is not null;
create index cancellation_key on engine.cancellation (hashtextextended(tenant || chr(10) || target_key, 0), sequence)
  where target_key is not null;
create index cancellation_event on engine.cancellation (target_event, sequence) where target_event is not null;
create index cancellation_correlation on engine.cancellation (tenant, correlation_id) where correlation_id is not null;
-- On an expression, so that nothing takes it but the list of recent receipts.
create index cancellation_recent on engine.cancellation ((tenant || ''), sequence);

alter table engine.receipt_item
  drop constraint receipt_item_outcome_check,
  alter column outcome type text using case outcome when 'done' then 'already_ended' else outcome end,
  alter column evidence type json using evidence::text::json,
  add check (outcome in ('already_ended', 'kept', 'already_cancelled', 'stopped', 'too_late', 'in_doubt'));
-- A late report of one start is one note, however often it comes.
alter table engine.receipt_note add column start_id uuid, alter column evidence type json using evidence::text::json;
create unique index receipt_note_start on engine.receipt_note (cancellation_id, effect_id, start_id) where start_id is not null;

alter table engine.open_cancellation rename column birth_limit to sequence_limit;
alter table engine.open_cancellation
  drop column children_after,
  -- How far it has got: events whose children were all found, and within the next one the last child.
  add column parents_after bigint not null default 0,
  add column child_after uuid not null default '00000000-0000-0000-0000-000000000000';
-- Events whose effects were all written down, and (effects_after) within the next one the last effect. It was the event that was
-- being written down. What hangs below is looked for from the start: that adds nothing twice.
update engine.open_cancellation set effects_event = effects_event - 1 where effects_event > 0;
alter table engine.open_cancellation drop constraint open_cancellation_pkey;
alter table engine.open_cancellation add primary key (cancellation_id, shard);

-- The sweep goes through all shards by id: one row, which whoever holds it works with.
delete from engine.sweep where shard <> 0;
update engine.sweep set after = '00000000-0000-0000-0000-000000000000';
