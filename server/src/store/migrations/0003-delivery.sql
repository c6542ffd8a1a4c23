-- What leaves the house: mail that was kept because there is no mail server, and the secrets that sign webhooks.
create schema delivery;

create table delivery.kept_mail (
  tenant text not null,
  -- The effect's id.
  id uuid not null,
  -- The order in which they were kept: newest first, and where a page begins.
  seq bigint generated always as identity,
  message_id text not null,
  envelope_from text not null,
  envelope_to text not null,
  from_name text not null,
  from_address text not null,
  subject text not null,
  method text,
  raw bytea not null,
  -- On the tenant's clock where that runs ahead.
  at timestamptz not null,
  primary key (tenant, id)
);
create unique index kept_mail_message on delivery.kept_mail (tenant, message_id);
create index kept_mail_newest on delivery.kept_mail (tenant, seq desc);
create index kept_mail_recipient on delivery.kept_mail (tenant, lower(envelope_to), seq desc);
create index kept_mail_age on delivery.kept_mail (at);

-- The newest secret of a name signs first; older ones sign beside it until they expire.
create table delivery.webhook_secret (
  tenant text not null,
  ref text not null,
  id uuid not null default gen_random_uuid(),
  secret bytea not null check (length(secret) between 24 and 64),
  created_at timestamptz not null default clock_timestamp(),
  -- Null for the newest.
  expires_at timestamptz,
  primary key (tenant, ref, id)
);
create unique index webhook_secret_newest on delivery.webhook_secret (tenant, ref) where expires_at is null;
create index webhook_secret_expired on delivery.webhook_secret (expires_at) where expires_at is not null;
