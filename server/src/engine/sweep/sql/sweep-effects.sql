-- Locks: ended effects. Deletes effects of these events that ended long ago and are in no receipt. Only one transaction can delete an ended
-- row: an effect that a person retries at this moment stays. $1 events, $2 before, $3 limit.
with old as (
  select x.id
  from unnest($1::uuid[]) as e (id)
  cross join lateral (select d.id, d.cancellation_id from engine.ended d where d.event_id = e.id and d.at < $2 offset 0) x
  where (select c.id from engine.cancellation c where c.id = x.cancellation_id) is null
    and (select c.sequence from engine.receipt_item i
      join engine.cancellation c on c.id = any (array[i.cancellation_id])
      where i.effect_id = x.id limit 1) is null
  limit $3
), gone as (
  delete from engine.ended d using old o where d.id = any (array[o.id]) and d.at < $2
  returning d.shard, d.id
), items as (
  delete from engine.receipt_item i using gone g where i.effect_id = any (array[g.id])
)
select g.shard, g.id from gone g
