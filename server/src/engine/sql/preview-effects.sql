-- How the effects of these events stand, in the order of the events, by id, at most $4. $1 shards, $2 events, $3 the first
-- event's effects after this one only.
select f.id, f.event_id, f.kind, f.title, f.link, f.due_at, d.ending, d.cancellation_id as ended_by,
  r.effect_id is not null as running, r.cancellation_id as asked_by, coalesce(p.doubt, false) as doubt
from unnest($1::smallint[], $2::uuid[]) with ordinality as w (shard, event_id, place)
cross join lateral (
  select f.* from engine.effect f
  where f.shard = w.shard and f.event_id = w.event_id
    and f.id > case when w.place = 1 then $3::uuid else '00000000-0000-0000-0000-000000000000' end
  order by f.id
  limit $4) f
left join engine.ended d on d.shard = any (array[f.shard]) and d.effect_id = f.id
left join engine.running r on r.shard = any (array[f.shard]) and r.effect_id = f.id
left join engine.pending p on p.shard = any (array[f.shard]) and p.effect_id = f.id
order by w.place, f.id
limit $4
