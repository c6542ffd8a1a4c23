-- $1 now; then by position: shard, id, tenant, kind, key, entity, parent, link, root, cancel path, title, data, correlation,
-- cancellation, app, api, bare key.
insert into engine.event
  (shard, id, tenant, kind, key, entity, parent_id, link, root_id, cancel_path, title, data, correlation_id, created_at, cancellation_id,
   app, api, bare_key)
select n.shard, n.id, n.tenant, n.kind, n.key, n.entity, n.parent_id, n.link, n.root_id, coalesce(n.cancel_path::uuid[], array[n.id]),
  n.title, n.data::json, n.correlation_id,
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), n.cancellation_id, n.app, n.api, n.bare_key
from (select unnest($2::smallint[]) as shard, unnest($3::uuid[]) as id, unnest($4::text[]) as tenant, unnest($5::text[]) as kind,
    unnest($6::text[]) as key, unnest($7::text[]) as entity, unnest($8::uuid[]) as parent_id, unnest($9::text[]) as link,
    unnest($10::uuid[]) as root_id, unnest($11::text[]) as cancel_path, unnest($12::text[]) as title, unnest($13::text[]) as data,
    unnest($14::text[]) as correlation_id, unnest($15::uuid[]) as cancellation_id, unnest($16::text[]) as app,
    unnest($17::text[]) as api, unnest($18::text[]) as bare_key) n
left join engine.tenant t on t.id = n.tenant and t.sandbox
