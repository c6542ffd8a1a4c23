-- The caller holds the gates alone: every event announced before has a smaller sequence number, every later one a larger one. Events with
-- an alias of the key are in other shards: each of those shards gets a row that covers. $1 shard, $2 id, $3 tenant, $4 event, $5 key,
-- $6 entity, $7 the tenant's other open cancellations.
insert into engine.open_cancellation (shard, cancellation_id, home, tenant, target_event, target_key, target_entity, sequence_limit, beside)
select s.shard, $2, $1, $3, $4, $5, $6, last.sequence, $7
from (select nextval('engine.sequence_number') as sequence) as last
cross join (
  select $1::smallint as shard
  union
  select a.event_shard from engine.alias a where a.shard = $1 and a.tenant = $3 and a.key = $5
) as s
