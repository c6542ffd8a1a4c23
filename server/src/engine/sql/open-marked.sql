-- Marked events in order of birth. $1 cancellation, $2 after this birth, $3 most.
select e.shard, e.id, e.birth from engine.event e
where e.cancellation_id = $1 and e.birth > $2
order by e.birth limit $3
