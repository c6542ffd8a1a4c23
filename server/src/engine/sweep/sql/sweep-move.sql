-- How far the sweep has got; $3: milliseconds until the next one begins, 0 while this one goes on. $1 now, $2 after.
update engine.sweep set after = $2,
  due_at = coalesce($1::timestamptz, clock_timestamp()) + $3::double precision * interval '1 millisecond'
where shard = 0
