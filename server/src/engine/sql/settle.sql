-- Ends running effects of this worker's attempt; a lease that was lost, or an end that came first, matches nothing.
-- A cancel that had asked it to stop decides under which name it ends. $1 now, $2 worker (null: ends from outside, whoever
-- ran it), $3 shards, $4 effects, $5 attempts (null: any), $6 ending when nobody asked it to stop, $7 ending when asked,
-- $8 errors, $9 evidence, $10 whether the other side was asked how it went: what is in doubt then waits for its answer.
with gone as (
  delete from engine.running r
  using unnest($3::smallint[], $4::uuid[], $5::smallint[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::boolean[]) as s (shard, effect_id, attempt, ending, asked_ending, error, evidence, askable)
  where r.shard = any (array[s.shard]) and r.effect_id = s.effect_id
    and ($2::uuid is null or r.worker = $2::uuid)
    and (s.attempt is null or r.attempt = s.attempt)
    and (case when r.cancellation_id is null then s.ending else s.asked_ending end) is not null
    and not (r.cancellation_id is not null and s.askable
      and (s.asked_ending = 'in_doubt' or (s.asked_ending = 'stopped' and r.doubt)))
  returning r.*, case
      when r.cancellation_id is null then s.ending
      -- This attempt did nothing, but an earlier one may have.
      when s.asked_ending = 'stopped' and r.doubt and $2::uuid is not null then 'in_doubt'
      else s.asked_ending
    end as as_ending, s.error, s.evidence as new_evidence
)
insert into engine.ended (shard, effect_id, event_id, tenant, ending, at, attempt, cancellation_id, error, evidence)
select g.shard, g.effect_id, g.event_id, g.tenant, g.as_ending,
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'),
  g.attempt, g.cancellation_id, g.error, coalesce(g.new_evidence::jsonb, g.evidence)
from gone g
left join engine.tenant t on t.id = g.tenant and t.sandbox
returning effect_id, ending, cancellation_id
