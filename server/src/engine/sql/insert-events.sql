-- $1 now; then by position: shard, id, tenant, kind, key, entity, parent, link, root, line, title, data, correlation, cancellation.
insert into engine.event
  (shard, id, tenant, kind, key, entity, parent_id, link, root_id, line, title, data, correlation_id, created_at, cancellation_id)
select n.shard, n.id, n.tenant, n.kind, n.key, n.entity, n.parent_id, n.link, n.root_id, n.line::uuid[], n.title,
  n.data::jsonb, n.correlation_id,
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), n.cancellation_id
from unnest($2::smallint[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::text[], $10::uuid[],
  $11::text[], $12::text[], $13::text[], $14::text[], $15::uuid[])
  as n (shard, id, tenant, kind, key, entity, parent_id, link, root_id, line, title, data, correlation_id, cancellation_id)
left join engine.tenant t on t.id = n.tenant and t.sandbox
