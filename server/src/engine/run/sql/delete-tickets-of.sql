-- Locks: start tickets. As delete-ticket, of a worker that is gone. $1 worker.
delete from engine.start_ticket where worker = $1
