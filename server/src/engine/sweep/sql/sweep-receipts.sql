-- Deletes receipts whose notices are all gone. Their items are deleted with the effects that they are about; items about what the row
-- of an earlier cancellation tells are deleted here. $1 ids, $2 before.
with gone as (
  delete from engine.cancellation c
  using unnest($1::uuid[]) as w (id)
  where c.id = any (array[w.id]) and c.final_by < $2 and not c.open
    and (select f.id from engine.effect f where f.notice_of = c.id limit 1) is null
    and (select d.id from engine.ended d where d.notice_of = c.id limit 1) is null
  returning c.shard, c.id
), notes as (
  delete from engine.receipt_note n using gone g where n.cancellation_id = any (array[g.id])
), items as (
  delete from engine.receipt_item n using gone g where n.cancellation_id = any (array[g.id])
), events as (
  delete from engine.receipt_event r using gone g where r.cancellation_id = any (array[g.id])
)
select g.shard, g.id from gone g
