-- Which of these meetings were not called off. $1 shards, $2 ids.
select m.id
from unnest($1::smallint[], $2::uuid[]) as w (shard, id)
join calendar.meeting m on m.shard = any (array[w.shard]) and m.id = w.id and m.cancelled_at is null
