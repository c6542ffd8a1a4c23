-- Effects of marked events, in order of the event's birth and their own id, after a place. Two branches, so that one event
-- with a million effects is not read from its start each time. $1 cancellation, $2 event's birth, $3 effect, $4 most.
select * from (
  (select f.shard, f.id, f.event_id, f.tenant, f.kind, f.title, f.data, f.link, f.next, e.birth as event_birth
   from engine.event e join engine.effect f on f.shard = e.shard and f.event_id = e.id
   where e.cancellation_id = $1 and e.birth = $2 and f.id > $3
   order by f.id limit $4)
  union all
  (select f.shard, f.id, f.event_id, f.tenant, f.kind, f.title, f.data, f.link, f.next, e.birth
   from engine.event e join engine.effect f on f.shard = e.shard and f.event_id = e.id
   where e.cancellation_id = $1 and e.birth > $2
   order by e.birth, f.id limit $4)
) t
order by event_birth, id
limit $4
