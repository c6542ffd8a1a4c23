-- Events whose children are looked for next, in the order in which they were found. $1 cancellation, $2 after this one, $3 most.
select r.event_id as id, r.sequence, r.how from engine.receipt_event r
where r.cancellation_id = $1 and r.sequence > $2
order by r.sequence limit $3
