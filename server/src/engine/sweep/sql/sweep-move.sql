-- Notes how far the sweep has come. $1 now, $2 after, $3 milliseconds until the next sweep begins, 0 while this one goes on.
update engine.sweep set after = $2,
  due_at = coalesce($1::timestamptz, clock_timestamp()) + $3::double precision * interval '1 millisecond'
where shard = 0
