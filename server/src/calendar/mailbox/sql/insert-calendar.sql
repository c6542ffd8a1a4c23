-- $6: the name of the calendar group that it is in; null in a group's mailbox.
insert into calendar.calendar (tenant, id, mailbox_id, name, is_default, calendar_group_id)
values ($1, $2, $3, $4, $5,
  (select g.id from calendar.calendar_group g where g.tenant = $1 and g.mailbox_id = $3 and g.name = $6))
on conflict do nothing
