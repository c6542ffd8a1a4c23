-- Locks: start tickets. Waits for the starts that hold it; a start that comes later finds none. $1 ticket.
delete from engine.start_ticket where id = $1
