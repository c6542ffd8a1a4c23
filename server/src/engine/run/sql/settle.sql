-- Locks: effects. The one statement that ends a started effect. The row must be under the named start: a late report of a lost start
-- matches nothing. If a cancel asked the effect to stop, $5 is its ending, else $4.
-- $1 now; then by position: $2 effects, $3 start ids (null: an answer from outside that names none), $4 ending, $5 ending if cancelled,
-- $6 errors, $7 evidence, $8 whether this attempt may have had its effect, $9 whether the receiver was asked how it went: an effect in
-- doubt then waits for that answer, $10 whether this answer is about all attempts, so that it ends the doubt.
with s as (
  select unnest($2::uuid[]) as id, unnest($3::uuid[]) as start_id, unnest($4::text[]) as ending, unnest($5::text[]) as ending_if_cancelled,
    unnest($6::text[]) as error, unnest($7::text[]) as evidence, unnest($8::boolean[]) as doubtful, unnest($9::boolean[]) as asked_outside,
    unnest($10::boolean[]) as about_all
), gone as (
  delete from engine.effect f using s
  where f.id = any (array[s.id]) and f.state <> 'pending'
    and (s.start_id is null or f.start_id = s.start_id)
    and (case when f.cancellation_id is null then s.ending else s.ending_if_cancelled end) is not null
    and not (f.cancellation_id is not null and s.asked_outside
      and (s.ending_if_cancelled = 'in_doubt' or (s.ending_if_cancelled = 'stopped' and f.doubt)))
  returning f.*, case
      when f.cancellation_id is null then s.ending
      -- This attempt had no effect, but an earlier one may have had one.
      when s.ending_if_cancelled = 'stopped' and f.doubt and not s.about_all then 'in_doubt'
      else s.ending_if_cancelled
    end as ending, s.error, s.evidence as new_evidence, s.doubtful
)
insert into engine.ended
  (id, event_id, notice_of, at, due_shown, start_id, cancellation_id, shard, attempt, max_attempts, doubt, touches_world, keep, tenant, ending,
   kind, event_kind, lane, title, next, retry_plan, error, evidence, data)
select g.id, g.event_id, g.notice_of, coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), g.due_shown, g.start_id,
  g.cancellation_id, g.shard, g.attempt, g.max_attempts, g.ending in ('dead', 'skipped') and g.touches_world and (g.doubt or g.doubtful), g.touches_world,
  g.keep, g.tenant, g.ending, g.kind, g.event_kind, g.lane, g.title, g.next, g.retry_plan, g.error,
  coalesce(g.new_evidence::json, g.evidence), g.data
from gone g
left join engine.tenant t on t.id = g.tenant and t.sandbox
returning id, ending
