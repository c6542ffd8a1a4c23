-- Receipt items for effects of these events that an earlier cancellation prevented on the fast path. $1 cancellation, $2 events.
insert into engine.receipt_item (shard, cancellation_id, effect_id, outcome, ending, at, by_cancellation)
select c.shard, $1, (i.item ->> 'id')::uuid, 'already_cancelled', 'prevented', c.at, c.id
from unnest($2::uuid[]) as w (id)
join engine.event v on v.id = any (array[w.id]) and v.cancellation_id is not null
join engine.cancellation c on c.id = any (array[v.cancellation_id])
cross join lateral json_array_elements(c.prevented) as i (item)
where c.prevented is not null and (i.item ->> 'event_id')::uuid = w.id
on conflict do nothing
