-- Locks: effects. As hold-doubt-overdue.sql, in batches before the hold is placed. A row that somebody else has locked is left for that
-- statement. Gives the last row of the batch. $1 now, $2 and $3 after this row (its due time, as text, and its id), $4 limit.
with due as materialized (
  select f.id, f.due_at, f.doubt
  from engine.effect f
  where f.due_at <= (select coalesce($1::timestamptz, clock_timestamp())) and f.due_at >= $2::timestamptz
    and (f.due_at, f.id) > ($2::timestamptz, $3::uuid)
    and f.state = 'pending' and f.touches_world
  order by f.due_at, f.id
  limit $4
), free as materialized (
  select f.id
  from (select d.id from due d where not d.doubt order by d.id) d
  cross join lateral (
    select f.id from engine.effect f
    where f.id = any (array[d.id]) and f.state = 'pending' and not f.doubt
    for update of f skip locked) f
), marked as (
  update engine.effect f set doubt = true from free n where f.id = any (array[n.id])
)
select d.due_at::text as at, d.id from due d order by d.due_at desc, d.id desc limit 1
