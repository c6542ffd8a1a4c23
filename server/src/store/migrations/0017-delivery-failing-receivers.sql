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
