-- Locks: effects. Detaches effects from their runner: they wait, perhaps for days, and end from outside. `due_at` becomes infinity, so
-- they leave the index of due effects. By position: $1 effects, $2 start ids, $3 evidence, $4 whether this attempt may have had its effect,
-- $5 whether the wait itself shows that earlier attempts had no effect. At a first attempt doubt can only come from a restore: $5 is no
-- proof of what the world has seen since the backup.
with s as (
  select unnest($1::uuid[]) as id, unnest($2::uuid[]) as start_id, unnest($3::text[]) as evidence, unnest($4::boolean[]) as doubtful,
    unnest($5::boolean[]) as proven
)
update engine.effect f set state = 'waiting', worker = null, due_at = 'infinity', evidence = coalesce(s.evidence::json, f.evidence),
  doubt = f.touches_world and (s.doubtful or (f.doubt and not (s.proven and f.attempt > 1)))
from s
where f.id = any (array[s.id]) and f.start_id = s.start_id and f.state = 'running'
returning f.id
