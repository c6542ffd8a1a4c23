-- What was started under a start id and still runs, in the columns of start.sql. $1 start id.
select f.shard, f.id, f.tenant, f.event_id, f.notice_of, f.kind, f.event_kind, f.title, f.data, f.due_shown, f.max_attempts, f.keep,
  f.touches_world, f.attempt, f.lane, f.start_id, f.retry_plan, f.waited_ms
from engine.start_batch b
cross join lateral unnest(b.effect_ids) as e (id)
join engine.effect f on f.id = any (array[e.id]) and f.start_id = b.id and f.state = 'running'
where b.id = $1
