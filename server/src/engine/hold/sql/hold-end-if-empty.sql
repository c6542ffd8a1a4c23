-- Locks: hold.
-- Ends the hold when it holds nothing any more that a release could name (as in hold-items.sql). An effect that a cancel asked to stop is
-- not listed: it never starts again, and after the hold its receipt's time ends it.
delete from engine.hold h
where not exists (
  select from engine.effect f
  where f.state = 'pending' and not f.released and f.tenant <> all (h.released_tenants))
  and not exists (
  select from engine.start_batch b cross join lateral unnest(b.effect_ids) as e (id)
  join engine.effect f on f.id = any (array[e.id]) and f.start_id = b.id and f.state = 'running' and f.cancellation_id is null
  where b.lost and not f.released and f.tenant <> all (h.released_tenants))
returning since
