-- Locks: effects. What waited for an answer from outside when the backup was made may have been answered since: it must not be called
-- stopped. Waiting effects are at the end of the index of due effects.
update engine.effect f set doubt = true
where f.due_at = 'infinity' and f.state = 'waiting' and f.touches_world and not f.doubt
