-- $1 cancellation.
with gone as (delete from engine.open_cancellation where cancellation_id = $1)
update engine.cancellation set open = false where id = $1
