#!/bin/sh
# Book a meeting, call it off, read the receipt. Needs STANDDOWN_URL and TOKEN (./standdown token --user alice@contoso.example).
set -eu

id=$(curl -fsS "$STANDDOWN_URL/v1.0/me/events" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{
  "subject": "All hands",
  "start": { "dateTime": "2030-03-01T09:00:00", "timeZone": "Europe/Berlin" },
  "end": { "dateTime": "2030-03-01T10:00:00", "timeZone": "Europe/Berlin" },
  "attendees": [{ "emailAddress": { "address": "bob@contoso.example", "name": "Bob" } }]
}' | sed -n 's/.*"id":"\(AAMk[^"]*\)","createdDateTime".*/\1/p')

receipt=$(curl -fsS -D - "$STANDDOWN_URL/v1.0/me/events/$id/cancel" -H "Authorization: Bearer $TOKEN" \
  -H 'Content-Type: application/json' -d '{ "Comment": "Cancelling for this week due to all hands" }' |
  tr -d '\r' | sed -n 's/^standdown-receipt: //Ip')

curl -fsS "$STANDDOWN_URL$receipt?wait=30" -H "Authorization: Bearer $TOKEN"
echo
