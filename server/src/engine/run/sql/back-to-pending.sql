-- Locks: effects. A retry, by settle or rescue. The caller has locked the event and found it live. The row must be under the named
-- start, so the same report again changes nothing. $1 now; then by position: $2 effects, $3 start ids, $4 next attempts, $5 pauses in ms,
-- $6 errors, $7 whether this attempt may have had its effect, $8 how much of the retry plan this pause uses up, ms.
with s as (
  select unnest($2::uuid[]) as id, unnest($3::uuid[]) as start_id, unnest($4::smallint[]) as attempt, unnest($5::double precision[]) as after_ms,
    unnest($6::text[]) as error, unnest($7::boolean[]) as doubtful, unnest($8::int[]) as waited_ms
)
update engine.effect f set state = 'pending', start_id = null, worker = null, started_at = null, attempt = s.attempt,
  due_at = coalesce($1::timestamptz, clock_timestamp()) + s.after_ms * interval '1 millisecond',
  doubt = f.touches_world and (f.doubt or s.doubtful), last_error = s.error,
  waited_ms = f.waited_ms + s.waited_ms
from s
where f.id = any (array[s.id]) and f.start_id = s.start_id and f.state = 'running'
returning f.id
