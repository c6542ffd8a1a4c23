-- Locks: events. Before anything is announced, retried or continued under an event, the event is locked here. The row that comes back is
-- the locked version, however long the wait was. $1 ids.
select e.shard, e.id, e.tenant, e.kind, e.root_id, e.cancel_path, e.cancellation_id
from (select w.id from unnest($1::uuid[]) as w (id) order by w.id) wanted
cross join lateral (select * from engine.event e where e.id = wanted.id for share) e
