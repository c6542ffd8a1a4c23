-- Marks these events, in the order given: by id, as every lock is taken. What another cancel has marked meanwhile stays with
-- that one. Given are those of the kinds that owe the world something. $1 shards, $2 events, $3 cancellation, $4 kinds.
with marked as (
  update engine.event e set cancellation_id = $3
  from unnest($1::smallint[], $2::uuid[]) as w (shard, id)
  where e.shard = any (array[w.shard]) and e.id = w.id and e.cancellation_id is null
  returning e.shard, e.id, e.tenant, e.kind, e.key, e.entity, e.parent_id, e.link, e.root_id, e.title, e.data,
    e.correlation_id, e.created_at
)
select m.*, null as cancellation_id from marked m where m.kind = any ($4::text[])
