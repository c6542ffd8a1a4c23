-- What an expired worker, or one that is not registered any more, left running. Asked-to-stop ones wait for their receipt's
-- end. At most $1.
select r.shard, r.effect_id, r.event_id, r.attempt, r.kind, f.max_attempts, f.link, r.tenant
from (
  -- First whose it is: mostly all of it is somebody's, and nothing is looked up.
  select r.* from engine.running r
  left join engine.worker w on w.id = r.worker
  where r.worker is not null and r.cancellation_id is null
    and (w.id is null or w.alive_until < coalesce($2::timestamptz, clock_timestamp()))
  limit $1) r
join engine.effect f on f.shard = any (array[r.shard]) and f.id = r.effect_id
