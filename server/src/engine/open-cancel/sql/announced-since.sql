-- Whether a live event with a key has a larger sequence number. $1 tenant, $2 key, $3 entity, $4 sequence number.
select exists (
  select from engine.event e
  where hashtextextended(e.tenant || chr(10) || e.key || chr(10) || e.entity, 0)
      = hashtextextended($1::text || chr(10) || $2::text || chr(10) || $3::text, 0)
    and e.key is not null and e.tenant = $1 and e.key = $2 and e.entity = $3 and e.cancellation_id is null and e.sequence > $4
) as announced
