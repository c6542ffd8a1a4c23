// Wix's own SDK, pointed here by one option: report an event, call it off.
//   eval "$(./standdown env)" && TOKEN=$(./standdown token --app demo-app) node examples/wix-sdk.mjs
import { randomUUID } from 'node:crypto'
import { activations } from '@wix/automations'
import { createClient } from '@wix/sdk'

const { STANDDOWN_URL, TOKEN } = process.env

const client = createClient({
  modules: { activations },
  auth: { getAuthHeaders: async () => ({ headers: { Authorization: TOKEN } }) },
  fetch: (url, init) => fetch(String(url).replace('https://www.wixapis.com', STANDDOWN_URL), init),
})

const invoice = randomUUID()
const event = { payload: { number: 'A-17', amount: 120 }, externalEntityId: invoice }
const { activationIds } = await client.activations.reportEvent('invoice_due', event)
console.log('reported', activationIds)

await client.activations.cancelEvent('invoice_due', invoice) // resolves to undefined: the wire says {}
console.log('cancelled', invoice)
