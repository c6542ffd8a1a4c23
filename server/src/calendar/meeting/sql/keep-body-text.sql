-- What two have read at once is the same.
update calendar.meeting set body_text = $4, safe_html = $5
where shard = $1 and id = $2 and tenant = $3 and body_text is null
