#!/bin/sh
# Report an event, call it off, read the receipt. Needs STANDDOWN_URL and TOKEN (./standdown token --app demo-app).
set -eu
entity=16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c

curl -fsS "$STANDDOWN_URL/automations/v1/events/report" \
  -H 'Content-Type: application/json;charset=UTF-8' -H "Authorization: $TOKEN" \
  -d '{ "triggerKey": "my_trigger", "externalEntityId": "'$entity'", "payload": { "email": "bob@contoso.example" } }'
echo

receipt=$(curl -fsS -D - "$STANDDOWN_URL/automations/v1/events/cancel" \
  -H 'Content-Type: application/json;charset=UTF-8' -H "Authorization: $TOKEN" \
  -d '{ "triggerKey": "my_trigger", "externalEntityId": "'$entity'" }' |
  tr -d '\r' | sed -n 's/^[Ss]tanddown-[Rr]eceipt: //p')

curl -fsS "$STANDDOWN_URL$receipt?wait=30" -H "Authorization: Bearer $TOKEN"
echo
