insert into delivery.kept_mail
  (tenant, id, message_id, envelope_from, envelope_to, from_name, from_address, subject, method, raw, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict do nothing
