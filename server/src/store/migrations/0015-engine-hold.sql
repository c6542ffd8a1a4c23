-- The hold (engine/hold/hold.ts): while this row is there nothing is started but what an operator has released.
create table engine.hold (
  one_row boolean primary key default true check (one_row),
  since timestamptz not null,
  -- When the backup was made that was restored; null: put on hold by hand.
  backup_at timestamptz,
  placed_by text not null,
  reason text,
  -- Cancellations with a higher number came while on hold.
  sequence bigint not null default nextval('engine.sequence_number'),
  -- Something was released: rows are looked at one by one. While it is false, no start reads any.
  partly boolean not null default false,
  -- Tenants of which everything was released, and what they announce from then on.
  released_tenants text[] not null default '{}'
);

-- An operator has released it while the rest is on hold. Nothing has ever written the column that this was.
alter table engine.effect rename column on_hold to released;
-- By when they fall due, as an expression: nothing takes this index but what looks for them (start.sql).
create index effect_released on engine.effect ((due_at at time zone 'UTC')) where released;

-- Started before the backup: nobody knows how it went, and it is not tried again by itself.
alter table engine.start_batch add column lost boolean not null default false;
