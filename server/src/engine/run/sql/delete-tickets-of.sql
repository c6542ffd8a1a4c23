-- Locks: start tickets. As delete-ticket.sql, for all tickets of a dead worker. $1 worker.
delete from engine.start_ticket where worker = $1
