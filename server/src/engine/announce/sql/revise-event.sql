-- Locks: events.
-- Who announced it and its bare key stand in the row since migration 13, which left what was over as it was: as there.
update engine.event set title = coalesce($2, title), data = coalesce($3::json, data),
  app = case when app is null and kind = 'native.event' then substring(data ->> 'announcedBy' from '^app:(.*)$') else app end,
  bare_key = case when bare_key is null and kind = 'native.event' then substring(key from strpos(key, chr(31)) + 1) else bare_key end
where id = $1
