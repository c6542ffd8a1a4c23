-- Lists of events and of effects: by tenant, newest or soonest first, however large the tables are.

-- Who announced an event, and the key as its caller gave it: lists look here, and retry plans. Of what was announced before, only for what
-- goes on, and what that hangs from: the server does not listen before this has ended, and what is over is most, and leaves with the
-- retention. What stands before the first separator of a native key says whose it is; Wix's and the softphone's have it in their data.
update engine.event e set
  app = case e.kind
    when 'automations.activation' then e.data ->> 'appId'
    when 'native.event' then substring(e.data ->> 'announcedBy' from '^app:(.*)$')
  end,
  bare_key = case e.kind
    when 'automations.activation' then e.data ->> 'triggerKey'
    when 'native.event' then substring(e.key from strpos(e.key, chr(31)) + 1)
    when 'notifications.offer' then substring(e.key from '^cif:[^:]*:[^:]*:(.*)$')
  end
where e.id = any (array(
    select distinct p.id
    from (select distinct f.event_id from engine.effect f where f.event_id is not null) f
    join engine.event b on b.id = any (array[f.event_id])
    cross join lateral unnest(b.cancel_path || b.root_id) as p (id)))
  and e.app is null and e.bare_key is null and e.cancellation_id is null
  and e.kind in ('automations.activation', 'native.event', 'notifications.offer');

-- A tenant's events by kind and app: few pairs of many events each, gone through together by id, which is by age. Hashes, since they
-- are narrow; statements compare the texts too. On expressions, so that nothing takes these indexes but lists.
create index event_listed on engine.event ((tenant || ''), hashtext(kind), hashtext(coalesce(app, '')), id);
-- What is about one thing, live or not.
create index event_entity on engine.event (hashtextextended(tenant || chr(10) || entity, 0), id);
-- A tenant's effects that have not ended, by when they fall due; those that wait for an answer from outside last ('infinity'). The time as
-- an expression too: for a tenant that owns nearly all, the index of what is due would do as well, and a small one's were looked for there.
create index effect_listed on engine.effect ((tenant || ''), (due_at at time zone 'UTC'), id);
