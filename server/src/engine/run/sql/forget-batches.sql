-- Deletes start batches of which nothing runs any more. $1 start ids.
delete from engine.start_batch where id = any ($1::uuid[])
