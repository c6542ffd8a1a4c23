// The README's first sentence over real clients: "Cancel once, and everything that hangs from it stands down: the reminders that
// were scheduled, the offer on an agent's screen, the invitations in people's calendars."

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { httpReceiver } from '../support/http-receiver.ts'
import { smtpReceiver } from '../support/smtp-receiver.ts'
import { CHANNEL, DAY, joinedWorld, TEMPLATE } from './joined-world.ts'

const run = promisify(execFile)
const HOUR = 3_600_000
const root = fileURLToPath(new URL('../../', import.meta.url))

/** Microsoft's client and Wix's, unmodified, in a process of their own: NODE_EXTRA_CA_CERTS is read when Node starts. */
const CLIENTS = `
  import { Client } from '@microsoft/microsoft-graph-client'
  import { activations } from '@wix/automations'
  import { createClient } from '@wix/sdk'
  const { STANDDOWN_URL, STANDDOWN_TLS_URL: baseUrl, TOKEN, PARENT } = process.env
  const graph = Client.init({
    baseUrl, customHosts: new Set([new URL(baseUrl).hostname]), authProvider: done => done(null, TOKEN),
  })
  const meeting = await graph.api('/users/bob@contoso.example/events').header('Standdown-Parent', PARENT).post({
    subject: 'Erin visits',
    start: { dateTime: '2031-03-03T09:00:00', timeZone: 'Europe/Berlin' },
    end: { dateTime: '2031-03-03T10:00:00', timeZone: 'Europe/Berlin' },
    attendees: [
      { emailAddress: { address: 'erin@fabrikam.example', name: 'Erin' } },
      { emailAddress: { address: 'carol@contoso.example', name: 'Carol' } },
    ],
  })
  const wix = createClient({
    modules: { activations },
    auth: { getAuthHeaders: async () => ({ headers: { Authorization: TOKEN, 'Standdown-Parent': PARENT } }) },
    fetch: (url, init) => fetch(String(url).replace('https://www.wixapis.com', STANDDOWN_URL), init),
  })
  const { activationIds } = await wix.activations.reportEvent('appointment_starting', {
    payload: { title: 'Visit of Erin', startsAt: '2031-03-03T08:00:00Z' },
  })
  console.log(JSON.stringify({ meeting: meeting.id, activation: activationIds[0] }))
`

test('one cancel, one receipt: reminders, webhook, offer, invitations', async () => {
  await using smtp = await smtpReceiver()
  await using hook = await httpReceiver()
  await using world = await joinedWorld({ SMTP_URL: smtp.url })
  const { server, call } = world
  const visit = await world.native('app', {
    title: 'Visit of Erin',
    effects: [
      { kind: 'mail', to: ['erin@fabrikam.example'], subject: 'See you', text: 'Tomorrow.', afterMs: DAY },
      { kind: 'webhook', url: hook.url, type: 'visit.begins', afterMs: DAY },
      {
        kind: 'offer',
        agent: 'dana@contoso.example',
        channel: CHANNEL,
        template: TEMPLATE,
        parameters: { customerName: 'Erin' },
        // Shown when the clients are done, however long they took: a shown offer waits two minutes.
        afterMs: HOUR,
      },
    ],
  })
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', CLIENTS], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      STANDDOWN_URL: server.url,
      STANDDOWN_TLS_URL: server.tlsUrl ?? '',
      NODE_EXTRA_CA_CERTS: server.certificateFile ?? '',
      TOKEN: await server.appToken(),
      PARENT: visit,
    },
  })
  const made = JSON.parse(stdout) as { meeting: string; activation: string }

  // It all stands: two invitations have arrived, the offer is on the screen, the copy is in a calendar.
  const invited = await smtp.arrived(2)
  assert.ok(invited.every(mail => mail.raw.includes('METHOD:REQUEST')))
  await server.advance(HOUR)
  const screen = async () => (await call('dana', 'GET', '/api/v1/notifications/screen')).json
  const offer = (await screen()).displayed.id as string
  const copies = async () => (await call('carol', 'GET', '/v1.0/me/events')).json.value
  assert.equal((await copies())[0].isCancelled, false)

  const receipt = await world.cancel(visit, 'app')

  assert.equal(receipt.state, 'final')
  const meeting = await world.event(made.meeting)
  assert.deepEqual(
    new Set(receipt.events.map(event => event.id)),
    new Set([visit, meeting.id, made.activation, offer]),
  )
  const told = receipt.items.map(item => `${item.outcome} ${item.kind} ${item.title}`).sort()
  assert.deepEqual(told, [
    'already_ended calendar.deliver Invitation in the mailbox of carol@contoso.example',
    'already_ended mail.send Invitation mail to carol@contoso.example',
    'already_ended mail.send Invitation mail to erin@fabrikam.example',
    'already_ended native.offer Raise offer to Dana Dufour: Chat request from Erin',
    'prevented mail.send Mail to erin@fabrikam.example',
    `prevented webhook.call Webhook to ${hook.host}:${hook.port}`,
    'stopped notifications.offer Offer to Dana Dufour: Chat request from Erin',
  ])
  const reminder = receipt.innerSteps.find(step => step.eventId === made.activation)
  assert.equal(reminder?.outcome, 'prevented')
  assert.match(reminder?.next[0] ?? '', /Mail to bob@contoso.example/)
  assert.equal(receipt.counts.total, receipt.items.length)

  // Out in the world: cancellations by mail and in calendars, an empty screen, a receiver that was never called.
  const mails = await smtp.arrived(4)
  const cancelled = mails.slice(2)
  assert.deepEqual(cancelled.flatMap(mail => mail.to).sort(), [
    'carol@contoso.example',
    'erin@fabrikam.example',
  ])
  for (const mail of cancelled) assert.ok(mail.raw.includes('METHOD:CANCEL'))
  assert.equal((await screen()).displayed, null)
  await server.advance(2 * DAY)
  assert.equal((await copies())[0].isCancelled, true)
  assert.deepEqual(hook.requests, [])
  assert.equal(smtp.mails.length, 4, 'no reminder')
  assert.equal(
    (await call('app', 'GET', `/v1.0/users/bob@contoso.example/events/${made.meeting}`)).status,
    404,
  )
})

test('examples/one-cancel.mjs runs as it is', async () => {
  await using world = await joinedWorld()
  const { server } = world
  const { stdout } = await run(process.execPath, ['examples/one-cancel.mjs'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      STANDDOWN_URL: server.url,
      STANDDOWN_TLS_URL: server.tlsUrl ?? '',
      NODE_EXTRA_CA_CERTS: server.certificateFile ?? '',
      TOKEN: await server.appToken(),
    },
  })
  assert.match(stdout, /^3 events: .*prevented Mail to erin@contoso\.example/)
  const lines = readFileSync(`${root}/examples/one-cancel.mjs`, 'utf8').trimEnd().split('\n')
  assert.ok(lines.length <= 25, `${lines.length} lines`)
})
