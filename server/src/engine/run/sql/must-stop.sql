-- What this worker runs and must stop: it was marked by a cancel, ended by somebody else, or is covered by an open cancellation
-- (see statements.ts). $1 worker; by position: $2 effects that it runs, $3 their start ids.
select f.id, f.cancellation_id from engine.effect f
where f.cancellation_id is not null and f.worker = $1
union all
-- It has ended, because its receiver has answered or the time of the receipt is up. Its runner may still be busy with it.
select d.id, d.cancellation_id
from (select unnest($2::uuid[]) as id, unnest($3::uuid[]) as start_id) running
cross join lateral (select * from engine.ended d where d.id = running.id offset 0) d
where d.cancellation_id is not null and (d.start_id is null or d.start_id = running.start_id)
union all
select f.id, o.cancellation_id
from engine.open_cancellation o
cross join unnest($2::uuid[]) as running (id)
cross join lateral (select * from engine.effect f where f.id = running.id offset 0) f
cross join lateral (select * from engine.event e where e.id = f.event_id offset 0) e
cross join lateral (select * from engine.event a where a.id = any (e.cancel_path) offset 0) a
where f.worker = $1 and f.state = 'running' and f.cancellation_id is null and not f.keep and f.shard = o.shard
  and e.tenant = o.tenant and a.sequence <= o.sequence_limit
  and (a.id = o.target_event or (a.key = o.target_key and a.entity = o.target_entity))
