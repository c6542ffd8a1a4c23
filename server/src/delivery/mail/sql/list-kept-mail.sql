select seq, tenant, id, message_id, envelope_from, envelope_to, from_name, from_address, subject, method, raw, at
from delivery.kept_mail
where tenant = $1
  and ($2::text is null or lower(envelope_to) = lower($2))
  and ($3::bigint is null or seq < $3)
order by seq desc
limit $4
