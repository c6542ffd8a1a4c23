-- $1 ticket, $2 worker.
insert into engine.start_ticket (id, worker) values ($1, $2) on conflict do nothing
