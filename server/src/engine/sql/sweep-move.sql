-- How far a sweep has got; $4: milliseconds until the next one begins, 0 while this one goes on. $1 now, $2 shard, $3 after.
update engine.sweep set after = $3,
  due_at = coalesce($1::timestamptz, clock_timestamp()) + $4::double precision * interval '1 millisecond'
where shard = $2
