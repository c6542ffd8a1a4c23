-- Workers that stopped beating. The rows stay until nothing of theirs is left running. $1 now.
select w.id, (select r.effect_id from engine.running r where r.worker = w.id limit 1) is not null as running
from engine.worker w where w.alive_until < coalesce($1::timestamptz, clock_timestamp())
