-- Locks: hold.
-- Ends the hold when nothing is left that it holds.
delete from engine.hold h
where not exists (
  select from engine.effect f
  where f.state = 'pending' and not f.released and f.tenant <> all (h.released_tenants))
  and not exists (
  select from engine.start_batch b cross join lateral unnest(b.effect_ids) as e (id)
  join engine.effect f on f.id = any (array[e.id]) and f.start_id = b.id and f.state = 'running'
  where b.lost and not f.released and f.tenant <> all (h.released_tenants))
returning since
