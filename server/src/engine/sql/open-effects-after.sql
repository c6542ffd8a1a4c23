-- $1 shard, $2 cancellation, $3 event's birth, $4 effect, $5 how many were marked.
with place as (
  update engine.open_cancellation set effects_event = $3, effects_after = $4 where shard = $1 and cancellation_id = $2
)
update engine.cancellation set marked = marked + $5 where shard = $1 and id = $2
