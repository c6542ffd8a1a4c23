-- Locks: events. Whatever is announced, retried or continued under an event locks it first. The row that comes back is the one
-- that was locked, however long the wait. $1 ids.
select e.shard, e.id, e.tenant, e.kind, e.root_id, e.cancel_path, e.cancellation_id
from (select w.id from unnest($1::uuid[]) as w (id) order by w.id) wanted
cross join lateral (select * from engine.event e where e.id = wanted.id for share) e
