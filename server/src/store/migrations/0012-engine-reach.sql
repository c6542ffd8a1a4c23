-- Called-off events of a key, by when they were announced: they tell a cancel of what is over from a key that nobody has, and a
-- repeat from a cancel of what was announced since, whoever called it off and by whatever name.
create index event_called_off on engine.event (hashtextextended(tenant || chr(10) || key || chr(10) || entity, 0), sequence)
  where key is not null and cancellation_id is not null;

-- The tenant's other open cancellations when it was acknowledged: what they mark before it stands in its receipt too. How far its
-- search for those events has come is a sequence number.
alter table engine.open_cancellation
  add column beside uuid[] not null default '{}',
  add column roots_after bigint not null default 0;
