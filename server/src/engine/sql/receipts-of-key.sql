select c.id from engine.cancellation c
where hashtextextended(c.tenant || chr(10) || c.target_key, 0) = hashtextextended($1::text || chr(10) || $2::text, 0)
  and c.target_key is not null and c.tenant = $1 and c.target_key = $2
order by c.sequence desc limit $3
