-- A row for each shard that has none yet. $1 number of shards.
insert into engine.sweep (shard) select s from generate_series(0, $1::int - 1) as s on conflict do nothing
returning shard
