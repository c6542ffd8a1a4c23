// One visit by three APIs' own clients, called off by one cancel. Needs STANDDOWN_URL, STANDDOWN_TLS_URL, TOKEN (./standdown
// token --app demo-app), and NODE_EXTRA_CA_CERTS naming the server's certificate.
import { Client } from '@microsoft/microsoft-graph-client'
import { activations } from '@wix/automations'
import { createClient } from '@wix/sdk'

const { STANDDOWN_URL, STANDDOWN_TLS_URL: baseUrl, TOKEN } = process.env
const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' }
const ask = async (path, init) => (await fetch(STANDDOWN_URL + path, { headers, ...init })).json()
const post = (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body) })
const mail = { kind: 'mail', to: ['erin@contoso.example'], subject: 'See you', text: '', afterMs: 86_400_000 }
const { id } = await post('/api/v1/events', { title: 'Visit of Erin', effects: [mail] })
const parent = { 'Standdown-Parent': id }
const customHosts = new Set([new URL(baseUrl).hostname])
const graph = Client.init({ baseUrl, customHosts, authProvider: done => done(null, TOKEN) })
const [start, end] = ['09', '10'].map(hour => ({ dateTime: `2031-03-03T${hour}:00:00` }))
await graph.api('/users/alice@contoso.example/events').headers(parent).post({ subject: 'Erin', start, end })
const auth = { getAuthHeaders: async () => ({ headers: { Authorization: TOKEN, ...parent } }) }
const send = (url, init) => fetch(String(url).replace('https://www.wixapis.com', STANDDOWN_URL), init)
const wix = createClient({ modules: { activations }, auth, fetch: send })
await wix.activations.reportEvent('my_trigger', {})

const { receipt } = await post(`/api/v1/events/${id}/cancel`, { reason: 'Erin is ill' })
const { events, items } = await ask(`${receipt}?wait=30`)
console.log(`${events.length} events:`, items.map(item => `${item.outcome} ${item.title}`).join(', '))
