-- Receipts without a notice that is left. Their items go with the effects that they are about. $1 shards, $2 ids, $3 before.
with gone as (
  delete from engine.cancellation c
  using unnest($1::smallint[], $2::uuid[]) as w (shard, id)
  where c.shard = any (array[w.shard]) and c.id = w.id and c.final_by < $3 and not c.open
    and (select f.id from engine.effect f where f.notice_of = c.id limit 1) is null
  returning c.shard, c.id
), notes as (
  delete from engine.receipt_note n using gone g where n.cancellation_id = g.id
)
select g.shard, g.id from gone g
