-- $1 now, $2 shard, $3 id, $4 tenant.
select c.*, c.final_by <= coalesce($1::timestamptz, clock_timestamp()) as time_is_up,
  exists (select from engine.running r where r.cancellation_id = $3) as stopping,
  extract(epoch from (c.final_by - coalesce($1::timestamptz, clock_timestamp()))) * 1000 as final_in_ms
from engine.cancellation c
where c.shard = $2 and c.id = $3 and c.tenant = $4
