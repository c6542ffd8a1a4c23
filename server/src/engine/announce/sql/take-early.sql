-- Uses up early cancellations that were found: each meets one event. Of two announcements at one moment the second waits here, and gets no
-- row. Looked up by id: the condition is written such that the index of early cancellations is not walked for it. $1 now, $2 ids.
update engine.cancellation c set early_until = coalesce($1::timestamptz, clock_timestamp())
where c.id = any ($2::uuid[]) and coalesce(c.early_until, '-infinity') > coalesce($1::timestamptz, clock_timestamp())
returning c.id
