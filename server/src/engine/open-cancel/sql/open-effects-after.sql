-- $1 cancellation, $2 sequence of the last event whose effects were all written down, $3 last effect of the next one, $4 how many now.
with place as (
  update engine.open_cancellation set effects_event = $2, effects_after = $3 where cancellation_id = $1 and shard = home
)
update engine.cancellation set marked = marked + $4 where id = $1
