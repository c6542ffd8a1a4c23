-- A dated note in a closed receipt: what was learnt of an effect later. The runner's own report is noted once only.
-- $1 now; then by position: $2 effects, $3 start ids, $4 texts, $5 evidence.
insert into engine.receipt_note (shard, cancellation_id, effect_id, start_id, at, text, evidence)
select d.shard, d.cancellation_id, d.id, s.start_id,
  coalesce($1::timestamptz, clock_timestamp()) + coalesce(t.clock_offset, '0'), s.text, s.evidence::json
from (select unnest($2::uuid[]) as id, unnest($3::uuid[]) as start_id, unnest($4::text[]) as text, unnest($5::text[]) as evidence) s
cross join lateral (select * from engine.ended d where d.id = s.id offset 0) d
left join engine.tenant t on t.id = d.tenant and t.sandbox
where d.ending = 'in_doubt' and d.cancellation_id is not null and (s.start_id is null or d.start_id is distinct from s.start_id)
on conflict do nothing
