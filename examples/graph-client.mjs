// Book a meeting and call it off with Microsoft's own client. Needs STANDDOWN_TLS_URL, TOKEN (./standdown token --user
// alice@contoso.example) and NODE_EXTRA_CA_CERTS naming the server's certificate: the client sends tokens over HTTPS only.
import { Client } from '@microsoft/microsoft-graph-client'

const baseUrl = process.env.STANDDOWN_TLS_URL
const client = Client.init({
  baseUrl,
  customHosts: new Set([new URL(baseUrl).hostname]),
  authProvider: done => done(null, process.env.TOKEN),
})

const meeting = await client.api('/me/events').post({
  subject: 'All hands',
  start: { dateTime: '2030-03-01T09:00:00', timeZone: 'W. Europe Standard Time' },
  end: { dateTime: '2030-03-01T10:00:00', timeZone: 'W. Europe Standard Time' },
  attendees: [{ emailAddress: { address: 'bob@contoso.example', name: 'Bob' } }],
})
await client
  .api(`/me/events/${meeting.id}/cancel`)
  .post({ comment: 'Cancelling for this week due to all hands' })

const { value: deleted } = await client.api('/me/mailFolders/deleteditems/messages').get()
console.log(`${deleted[0].subject}: cancelled ${deleted[0].isCancelled}`)
