-- Locks: effects. What had fallen due when a backup was restored may have happened in the world that was backed up: nobody may say of it
-- that it was prevented. $1 now.
update engine.effect f set doubt = true
where f.due_at <= (select coalesce($1::timestamptz, clock_timestamp())) and f.state = 'pending' and f.touches_world and not f.doubt
