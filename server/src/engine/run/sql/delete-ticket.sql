-- Locks: start tickets. Waits for the starts that hold the ticket; a start that comes later does not find it. $1 ticket.
delete from engine.start_ticket where id = $1
