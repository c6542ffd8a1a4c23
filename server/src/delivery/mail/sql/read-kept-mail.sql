select seq, tenant, id, message_id, envelope_from, envelope_to, from_name, from_address, subject, method, raw, at
from delivery.kept_mail
where tenant = $1 and id = $2
