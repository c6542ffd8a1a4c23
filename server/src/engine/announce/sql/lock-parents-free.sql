-- Locks: events. As lock-parents.sql, without the events that a cancel has locked: the settle tries again later. $1 ids.
select e.shard, e.id, e.tenant, e.kind, e.root_id, e.cancel_path, e.cancellation_id
from (select w.id from unnest($1::uuid[]) as w (id) order by w.id) wanted
cross join lateral (select * from engine.event e where e.id = wanted.id for share skip locked) e
