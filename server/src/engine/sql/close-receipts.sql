-- What has no end 30 s after its cancellation is in doubt. Takes the row lock that a settle needs, so of the two one comes
-- first. $1 now, $2 one cancellation, or null for all.
with late as (
  delete from engine.running r using engine.cancellation c
  where r.cancellation_id is not null and c.id = r.cancellation_id
    and c.shard = any (array[('x' || substr(r.cancellation_id::text, 17, 2))::bit(8)::int])
    and ($2::uuid is null or r.cancellation_id = $2::uuid)
    and c.final_by <= coalesce($1::timestamptz, clock_timestamp())
  returning r.*
)
insert into engine.ended (shard, effect_id, event_id, tenant, ending, at, attempt, cancellation_id, evidence)
select l.shard, l.effect_id, l.event_id, l.tenant, 'in_doubt',
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), l.attempt, l.cancellation_id,
  coalesce(l.evidence, '{}') || jsonb_build_object('why', 'no end was reported within the time of the receipt')
from late l
left join engine.tenant t on t.id = l.tenant and t.sandbox
returning effect_id
