-- Locks: effects. What waited for an answer from outside when a backup was made may have been answered since: nobody may say of it that it
-- was stopped. What waits stands at the end of the index of what is due.
update engine.effect f set doubt = true
where f.due_at = 'infinity' and f.state = 'waiting' and f.touches_world and not f.doubt
