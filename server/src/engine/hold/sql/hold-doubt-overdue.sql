-- Locks: effects. What had fallen due when a backup was restored may have happened after the backup: it must not be called prevented. $1 now.
update engine.effect f set doubt = true
where f.due_at <= (select coalesce($1::timestamptz, clock_timestamp())) and f.state = 'pending' and f.touches_world and not f.doubt
