select coalesce($1::timestamptz, clock_timestamp()) + coalesce((select clock_offset from engine.tenant where id = $2 and sandbox), '0') as now,
  coalesce((select sandbox from engine.tenant where id = $2), false) as sandbox
