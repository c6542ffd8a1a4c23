-- Locks: events, in the order of their ids. The row that comes back is the locked version, however long the wait was. What belongs to the
-- event is read in the next statement, whose snapshot is younger than every lock taken here. $1 ids.
select e.shard, e.id, e.tenant, e.kind, e.key, e.entity, e.parent_id, e.link, e.root_id, e.title, e.data, e.correlation_id,
  e.created_at, e.cancellation_id, e.sequence
from (select w.id from unnest($1::uuid[]) as w (id) order by w.id) wanted
cross join lateral (select * from engine.event e where e.id = wanted.id for update) e
