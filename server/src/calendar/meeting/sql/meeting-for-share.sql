select id, ical_uid, organizer_mailbox_id, sequence, cancelled_at, cancellation_id, cancel_caller, cancel_request_key
from calendar.meeting where shard = $1 and id = $2 and tenant = $3
for share
