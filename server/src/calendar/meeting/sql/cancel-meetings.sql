-- Waits for whoever is delivering a copy at this moment (meeting-for-share), and is seen by whoever comes later.
update calendar.meeting m
set sequence = m.sequence + 1, cancelled_at = c.at, cancellation_id = c.cancellation_id, cancel_caller = c.caller,
  cancel_request_key = c.request_key
from unnest($1::smallint[], $2::uuid[], $3::text[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[])
  as c (shard, id, tenant, at, cancellation_id, caller, request_key)
where m.shard = any (array[c.shard]) and m.id = c.id and m.tenant = c.tenant and m.cancelled_at is null
returning m.shard, m.id, m.tenant, m.ical_uid, m.organizer_mailbox_id, m.sequence, m.cancelled_at
