-- This migration and those that follow it rename and void what a server of the version before reads. As in 0009: the code tells
-- migrate.ts to wait for its end.
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

-- Called-off events of a key, by when they were announced: they tell a cancel of what is over from a key that nobody has, and a
-- repeat from a cancel of what was announced since, whoever called it off and by whatever name.
create index event_called_off on engine.event (hashtextextended(tenant || chr(10) || key || chr(10) || entity, 0), sequence)
  where key is not null and cancellation_id is not null;

-- The tenant's other open cancellations when it was acknowledged: what they mark before it stands in its receipt too. How far its
-- search for those events has come is a sequence number.
alter table engine.open_cancellation
  add column beside uuid[] not null default '{}',
  add column roots_after bigint not null default 0;
