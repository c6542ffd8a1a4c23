-- Taken with the gate held alone: what was born before has a smaller number, what is announced later a larger one.
insert into engine.open_cancellation (shard, cancellation_id, tenant, target_event, target_key, birth_limit)
values ($1, $2, $3, $4, $5, nextval('engine.birth'))
