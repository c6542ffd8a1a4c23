-- Locks: start tickets.
-- $1 worker.
with ticket as (delete from engine.start_ticket where worker = $1)
delete from engine.worker where id = $1
