-- Deletes request keys that are too old. While on hold all are kept. $1 now, $2 milliseconds, $3 limit.
delete from engine.request_key k
using (
  select shard, tenant, caller, key from engine.request_key
  where at < (select coalesce($1::timestamptz, clock_timestamp())) - $2::double precision * interval '1 millisecond'
    and not exists (select from engine.hold)
  order by at
  limit $3
  for update skip locked
) as old
where k.shard = any (array[old.shard]) and k.tenant = old.tenant and k.caller = old.caller and k.key = old.key
returning true as gone
