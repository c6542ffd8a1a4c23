-- What was made of a meeting's HTML body when it was written: read once, and not at every list or for every attendee.
-- Null for a body that is plain text, and for an HTML body from before this migration that nobody has asked for since.
alter table calendar.meeting add body_text text;
-- Fit for a mail.
alter table calendar.meeting add safe_html text;
