with gone as (delete from engine.open_cancellation where home = $1 and cancellation_id = $2)
update engine.cancellation set open = false where shard = $1 and id = $2
