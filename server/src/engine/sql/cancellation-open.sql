-- Whether there is an open cancellation, and whose is first. Locks nothing.
select o.tenant from engine.open_cancellation o where o.shard = o.home order by o.sequence_limit limit 20
