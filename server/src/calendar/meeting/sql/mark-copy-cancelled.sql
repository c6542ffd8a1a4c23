-- $5: the new subject. A copy that its owner has deleted is marked where it lies.
update calendar.item
set is_cancelled = true, version = version + 1, modified_at = $6,
  data = data || jsonb_build_object('subject', $5::text, 'showAs', 'free')
where shard = $1 and meeting_id = $2 and tenant = $3 and mailbox_id = $4 and role = 'attendee' and not is_cancelled
returning id
