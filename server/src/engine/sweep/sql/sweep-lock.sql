-- Locks: events. Leaves out those that somebody else has locked. $1 ids.
select e.id
from (select w.id from unnest($1::uuid[]) as w (id) order by w.id) wanted
cross join lateral (select * from engine.event e where e.id = wanted.id for update skip locked) e
