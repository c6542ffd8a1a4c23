-- Meetings that these mailboxes have a copy of, at most 10,000. $1 tenant, $2 mailboxes, $3 most of each mailbox and place: those that
-- start last.
select distinct i.meeting_id
from (
  select i.meeting_id
  from unnest($2::uuid[]) as m (id)
  cross join lateral unnest(array['calendar', 'deleteditems']) as p (place)
  cross join lateral (
    select i.meeting_id from calendar.item i
    where i.tenant = $1 and i.mailbox_id = m.id and i.place = p.place
    order by i.start_at desc, i.id desc limit $3) i
  limit 10000) i
