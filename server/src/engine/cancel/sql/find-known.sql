-- Which of these names something is known by, and how: one look for all of them, and no row for a name that nobody has.
-- $1 tenant, $2 caller; then by position: $3 keys, $4 entities, $5 request keys (null: none); $6 kinds of events that stand until called off.
select k.position, k.live, k.is_open, k.called_off, k.repeats, k.done
from (
  select w.position::int as position,
    (select e.id from engine.event e
     where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
         = hashtextextended($1::text || chr(10) || w.key || chr(10) || w.entity, 0)
       and e.key is not null and e.tenant = $1 and e.key = w.key and e.entity = w.entity and e.cancellation_id is null
     limit 1) is not null as live,
    -- The event is not over. It, or a child of it (an offer hangs below its second token), has an effect that has not ended, that is
    -- in doubt, or that died and may be retried; or a next step may follow; or it is of a kind that stands; or it has no effect yet.
    (select e.id from engine.event e
     where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
         = hashtextextended($1::text || chr(10) || w.key || chr(10) || w.entity, 0)
       and e.key is not null and e.tenant = $1 and e.key = w.key and e.entity = w.entity and e.cancellation_id is null
       and (e.kind = any ($6::text[])
         or (select f.id from engine.effect f where f.event_id = e.id limit 1) is not null
         or (select d.id from engine.ended d where d.event_id = e.id and (d.ending = 'dead' or d.doubt) limit 1) is not null
         or (select c.id from engine.event c
             where c.parent_id = e.id and c.cancellation_id is null
               and (c.kind = any ($6::text[])
                 or (select f.id from engine.effect f where f.event_id = c.id limit 1) is not null
                 or (select d.id from engine.ended d where d.event_id = c.id and (d.ending = 'dead' or d.doubt) limit 1) is not null
                 or (select g.id from engine.event g where g.parent_id = c.id limit 1) is not null
                 or (select d.id from engine.ended d where d.event_id = c.id limit 1) is null)
             limit 1) is not null
         or ((select c.id from engine.event c where c.parent_id = e.id limit 1) is null
           and (select d.id from engine.ended d where d.event_id = e.id limit 1) is null))
     limit 1) is not null as is_open,
    (select e.id from engine.event e
     where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
         = hashtextextended($1::text || chr(10) || w.key || chr(10) || w.entity, 0)
       and e.key is not null and e.tenant = $1 and e.key = w.key and e.entity = w.entity and e.cancellation_id is not null
     limit 1) is not null as called_off,
    -- The caller has cancelled by this name before.
    (select c.id from engine.cancellation c
     where hashtextextended(c.tenant || chr(10) || c.target_key, 0) = hashtextextended($1::text || chr(10) || w.key, 0)
       and c.target_key is not null and c.tenant = $1 and c.target_key = w.key and c.target_entity = w.entity and c.caller = $2
     limit 1) is not null as repeats,
    -- The same request has come before.
    (select c.id from engine.cancellation c
     where w.request_key is not null and c.tenant = $1 and c.caller = $2 and c.request_key = w.request_key
     limit 1) is not null as done
  from (select unnest($3::text[]) as key, unnest($4::text[]) as entity, unnest($5::text[]) as request_key,
      generate_series(1, cardinality($3::text[])) as position) w
) k
where k.live or k.called_off or k.repeats or k.done
order by k.position
