-- Who is calling: tenants, people, groups, apps, and what proves that somebody is one of them. Written rarely, read
-- through caches; `installation.revision` goes up with every change, which is how a cache learns of it.
create schema auth;
revoke all on schema auth from public;

-- One row: this installation, however many processes it has.
create table auth.installation (
  single boolean primary key default true check (single),
  -- Issuer and audience of tokens that we sign ourselves: survives a change of port, name or proxy.
  id uuid not null,
  -- What the secrets of apps are derived from, so that they can be shown again without being stored.
  master_key bytea not null check (length(master_key) = 32),
  -- Goes from true to false, never back.
  demo boolean not null,
  revision bigint not null default 1,
  created_at timestamptz not null default now()
);

create table auth.signing_key (
  kid text primary key,
  alg text not null check (alg in ('ES256', 'RS256')),
  private_jwk jsonb not null,
  created_at timestamptz not null default now(),
  -- Signs nothing any more; verifies until then.
  retires_at timestamptz
);

create table auth.tenant (
  id text primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null,
  sandbox boolean not null default false,
  -- Its people sign in by choosing themselves, while the demo is on.
  demo boolean not null default false,
  -- Personal accounts: an API for work and school accounts refuses them.
  consumers boolean not null default false,
  -- The outside issuer whose tokens are this tenant's; null: the only tenant's, or none.
  issuer text unique,
  -- Private addresses that webhooks of this tenant may call, as written in the workspace file.
  webhook_allow text[] not null default '{}',
  -- Which vendors' rate limits are kept.
  rate_limits text[] not null default '{}'
);

-- A domain belongs to one tenant, so that a user principal name names one person.
create table auth.tenant_domain (
  domain text primary key check (domain = lower(domain)),
  tenant text not null references auth.tenant (id) on delete cascade
);

create table auth.person (
  id uuid primary key,
  tenant text not null references auth.tenant (id) on delete cascade,
  upn text not null check (upn = lower(upn)),
  mail text not null check (mail = lower(mail)),
  name text not null,
  roles text[] not null default '{member}',
  -- A token names the generation that it was made for: the next one makes it void.
  generation integer not null default 1,
  unique (tenant, upn),
  unique (tenant, id)
);
create index person_mail on auth.person (tenant, mail);

create table auth.team (
  id uuid primary key,
  tenant text not null references auth.tenant (id) on delete cascade,
  name text not null,
  mail text not null check (mail = lower(mail)),
  unique (tenant, name),
  unique (tenant, id)
);

create table auth.team_member (
  tenant text not null,
  team_id uuid not null,
  person_id uuid not null,
  primary key (team_id, person_id),
  foreign key (tenant, team_id) references auth.team (tenant, id) on delete cascade,
  foreign key (tenant, person_id) references auth.person (tenant, id) on delete cascade
);
create index team_member_person on auth.team_member (person_id);

create table auth.app (
  id uuid primary key,
  tenant text not null references auth.tenant (id) on delete cascade,
  name text not null,
  scopes text[] not null default '{}',
  roles text[] not null default '{}',
  redirect_uris text[] not null default '{}',
  -- Made anew: derived secrets, refresh tokens and tokens of the generation before are void.
  generation integer not null default 1,
  -- Of a secret that the workspace file gives; null: derived from the master key.
  secret_salt bytea,
  secret_hash bytea,
  check ((secret_salt is null) = (secret_hash is null)),
  unique (tenant, name),
  unique (tenant, id)
);

-- An app at a site. Its id is Wix's instance id.
create table auth.site_instance (
  id uuid primary key,
  tenant text not null,
  app_id uuid not null,
  site_id uuid not null,
  name text not null,
  unique (app_id, site_id),
  foreign key (tenant, app_id) references auth.app (tenant, id) on delete cascade
);

-- Opaque keys: of apps (Wix API keys), and the one that the command line finds in DATA_DIR (tenant null).
create table auth.api_key (
  hash bytea primary key check (length(hash) = 32),
  tenant text,
  app_id uuid,
  label text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  foreign key (tenant, app_id) references auth.app (tenant, id) on delete cascade,
  check ((tenant is null) = (app_id is null))
);
create unique index api_key_label on auth.api_key (coalesce(app_id, '00000000-0000-0000-0000-000000000000'), label);

create table auth.browser_session (
  hash bytea primary key check (length(hash) = 32),
  tenant text not null,
  person_id uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  foreign key (tenant, person_id) references auth.person (tenant, id) on delete cascade
);
create index browser_session_expiry on auth.browser_session (expires_at);

create table auth.sign_in_link (
  hash bytea primary key check (length(hash) = 32),
  tenant text not null,
  person_id uuid not null,
  expires_at timestamptz not null,
  foreign key (tenant, person_id) references auth.person (tenant, id) on delete cascade
);

-- What the built-in issuer keeps (its adapter interface): codes, grants, sessions, interactions, refresh tokens. The id
-- of a record is a credential itself, so only its hash is kept.
create table auth.oidc_record (
  kind text not null,
  id_hash bytea not null check (length(id_hash) = 32),
  payload jsonb not null,
  grant_id text,
  uid text,
  user_code text,
  consumed_at timestamptz,
  expires_at timestamptz,
  primary key (kind, id_hash)
);
create index oidc_record_grant on auth.oidc_record (grant_id) where grant_id is not null;
create index oidc_record_uid on auth.oidc_record (kind, uid) where uid is not null;
create index oidc_record_user_code on auth.oidc_record (kind, user_code) where user_code is not null;
create index oidc_record_expiry on auth.oidc_record (expires_at);
