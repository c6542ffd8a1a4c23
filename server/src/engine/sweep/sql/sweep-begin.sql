-- The row that the sweep works with, when there is none yet.
insert into engine.sweep (shard) values (0) on conflict do nothing
returning shard
