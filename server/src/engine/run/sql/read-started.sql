-- Those of these effects that were started and have not ended. $1 effects.
select f.shard, f.id, f.tenant, f.event_id, f.notice_of, f.kind, f.event_kind, f.title, f.data, f.due_shown, f.max_attempts, f.keep,
  f.touches_world, f.attempt, f.lane, f.start_id, f.retry_plan, f.waited_ms
from unnest($1::uuid[]) as w (id)
join engine.effect f on f.id = any (array[w.id]) and f.state <> 'pending'
