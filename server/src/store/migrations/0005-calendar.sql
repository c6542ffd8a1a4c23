-- Mailboxes of the tenant's users and groups: calendars, the items in them, and the meeting messages.
-- A meeting, its items and its messages live in the meeting's shard (that of its iCalUId), so that creating and cancelling
-- one stays in a single shard; a mailbox's lists are read over shards.
create schema calendar;

create table calendar.mailbox (
  tenant text not null,
  -- The id of its owner, a user or a group.
  id uuid not null,
  kind text not null check (kind in ('user', 'group')),
  name text not null,
  address text not null,
  primary key (tenant, id)
);

create table calendar.calendar_group (
  tenant text not null,
  id uuid not null,
  mailbox_id uuid not null,
  name text not null,
  is_default boolean not null default false,
  primary key (tenant, id),
  unique (tenant, mailbox_id, name)
);
create unique index calendar_group_default on calendar.calendar_group (tenant, mailbox_id) where is_default;

create table calendar.calendar (
  tenant text not null,
  id uuid not null,
  mailbox_id uuid not null,
  -- Null in a group's mailbox, which has no calendar groups.
  calendar_group_id uuid,
  name text not null,
  is_default boolean not null default false,
  primary key (tenant, id),
  unique (tenant, mailbox_id, name)
);
create unique index calendar_default on calendar.calendar (tenant, mailbox_id) where is_default;

-- What all copies of one meeting share. Its id is the id of the engine's event.
create table calendar.meeting (
  shard smallint not null,
  id uuid not null,
  tenant text not null,
  ical_uid text not null,
  organizer_mailbox_id uuid not null,
  -- iTIP's SEQUENCE.
  sequence integer not null default 0,
  created_at timestamptz not null,
  -- Set by the cancel: whoever delivers a copy locks this row and looks here first.
  cancelled_at timestamptz,
  cancellation_id uuid,
  cancel_caller text,
  cancel_request_key text,
  primary key (shard, id)
);

-- One mailbox's copy of a meeting: the organizer's, or an attendee's own.
create table calendar.item (
  shard smallint not null,
  id uuid not null,
  tenant text not null,
  mailbox_id uuid not null,
  -- The calendar that it is in, or was in before it was deleted.
  calendar_id uuid not null,
  meeting_id uuid not null,
  role text not null check (role in ('organizer', 'attendee')),
  place text not null default 'calendar' check (place in ('calendar', 'deleteditems')),
  -- Raised by each move: an item id as clients see it is made of mailbox, id and generation.
  generation integer not null default 0,
  -- Raised by each change: changeKey and etag.
  version integer not null default 0,
  is_cancelled boolean not null default false,
  start_at timestamptz not null,
  end_at timestamptz not null,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  data jsonb not null,
  primary key (shard, id),
  unique (shard, meeting_id, mailbox_id)
);
create index item_mailbox on calendar.item (tenant, mailbox_id, place, start_at, id);

-- transactionId of a create: the second create with it finds the item of the first.
create table calendar.creation (
  shard smallint not null,
  tenant text not null,
  mailbox_id uuid not null,
  transaction_id text not null,
  item_id uuid not null,
  primary key (shard, tenant, mailbox_id, transaction_id)
);

create table calendar.message (
  shard smallint not null,
  id uuid not null,
  tenant text not null,
  mailbox_id uuid not null,
  folder text not null check (folder in ('inbox', 'sentitems', 'deleteditems')),
  generation integer not null default 0,
  meeting_id uuid not null,
  -- Graph's meetingMessageType.
  kind text not null check (kind in ('meetingRequest', 'meetingCancelled')),
  sent_at timestamptz not null,
  data jsonb not null,
  primary key (shard, id)
);
create index message_mailbox on calendar.message (tenant, mailbox_id, folder, sent_at desc, id);
