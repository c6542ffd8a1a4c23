-- The tenant's open cancellations; `is_same`: of this very key. $1 tenant, $2 key, $3 entity.
select o.cancellation_id as id, o.sequence_limit, coalesce(o.target_key = $2 and o.target_entity = $3, false) as is_same
from engine.open_cancellation o
where o.tenant = $1 and o.shard = o.home
order by o.sequence_limit
