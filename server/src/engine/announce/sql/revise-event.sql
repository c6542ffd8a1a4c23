-- Locks: events.
-- Migration 13 added the app, the API and the bare key to the row. It left events that were over as they were, and so does this.
update engine.event set title = coalesce($2, title), data = coalesce($3::json, data),
  app = case when app is null and kind = 'native.event' then substring(data ->> 'announcedBy' from '^app:(.*)$') else app end,
  bare_key = case when bare_key is null and kind = 'native.event' then substring(key from strpos(key, chr(31)) + 1) else bare_key end
where id = $1
