-- A retry, by settle or rescue: born under its event, which the caller has locked and found live: what is under
-- a cancel is not given here.
-- $1 now, $2 worker (null: whoever), $3 shards, $4 effects, $5 attempts now, $6 next attempts, $7 after ms, $8 errors,
-- $9 whether this attempt may have had its effect.
with gone as (
  delete from engine.running r
  using unnest($3::smallint[], $4::uuid[], $5::smallint[], $6::smallint[], $7::double precision[], $8::text[],
    $9::boolean[]) as s (shard, effect_id, attempt, next_attempt, after_ms, error, doubt)
  where r.shard = any (array[s.shard]) and r.effect_id = s.effect_id and r.attempt = s.attempt
    and ($2::uuid is null or r.worker = $2::uuid)
  returning r.shard, r.effect_id, s.next_attempt, s.after_ms, s.error, r.doubt or s.doubt as doubt
)
insert into engine.pending (shard, effect_id, due_at, tenant, lane, kind, event_id, attempt, doubt, last_error)
select f.shard, f.id, coalesce($1::timestamptz, clock_timestamp()) + g.after_ms * interval '1 millisecond', f.tenant,
  f.tenant || ' ' || f.kind || ' ' || f.lane, f.kind, f.event_id, g.next_attempt, g.doubt, g.error
from gone g
join engine.effect f on f.shard = any (array[g.shard]) and f.id = g.effect_id
returning effect_id
