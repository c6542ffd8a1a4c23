-- Effects of a tenant that some process runs, by id. They are few, since a process has a limited number of slots, and are found by the
-- start batches of each process. $1 tenant, $2 after this id, $3 limit, $4 kind, $5 receiver (null: any).
select f.id, f.event_id, f.notice_of, f.tenant, f.kind, f.title, f.lane, f.state::text as state, f.due_shown, f.started_at, f.attempt,
  f.last_error as error, f.data
from (
  select distinct u.id
  from engine.worker w
  cross join lateral (select b.effect_ids from engine.start_batch b where b.worker = w.id limit 20000) b
  cross join lateral unnest(b.effect_ids) as u (id)
  where u.id > $2
) u
cross join lateral (select * from engine.effect f where f.id = u.id offset 0) f
where f.tenant = $1 and f.state = 'running' and ($4::text is null or f.kind = $4)
  and ($5::text is null or f.lane = f.tenant || ' ' || f.kind || ' ' || $5
    or right(lower(coalesce(f.data -> 'to' ->> 'address', f.data ->> 'to')), length($5) + 1) = '@' || $5)
order by f.id
limit $3
