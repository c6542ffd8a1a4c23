-- Waits for whoever holds these pending rows, a commit whose answer was lost included. $1 shards, $2 effects.
select p.effect_id from engine.pending p
join unnest($1::smallint[], $2::uuid[]) as w (shard, effect_id) on p.shard = any (array[w.shard]) and p.effect_id = w.effect_id
order by p.effect_id
for update of p
