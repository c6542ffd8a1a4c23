-- Ends the marking of a huge cancel: everything is written down, and from here on its effects have the time that every receipt gives them
-- to end. $1 now, $2 cancellation, $3 that time in milliseconds.
with gone as (delete from engine.open_cancellation where cancellation_id = $2)
update engine.cancellation c set open = false, final_by = n.final_by, marked_for = n.final_by - c.final_by
from (select coalesce($1::timestamptz, clock_timestamp()) + $3::double precision * interval '1 millisecond' as final_by) n
where c.id = $2
