// What RETENTION means on a whole server with something of every room in it: finished work goes, receipts and mail with it,
// and what people may still call off can be called off.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { Maintenance, maintenanceJobs } from '../../server/src/app/maintenance.ts'
import { createMailStore } from '../../server/src/delivery/mail/mail-store.ts'
import { createWebhookSecrets } from '../../server/src/delivery/webhook/webhook-secrets.ts'
import { random } from '../support/engine.ts'
import { jsonRequest } from '../support/json-request.ts'
import { type TestServer, testServer } from '../support/server.ts'

const DAY = 86_400_000
/** Older than now, on a sandbox's clock too: all that is over is old. */
const EVERYTHING = -3650 * DAY

/** Runs the server's maintenance jobs at once, with another retention. */
async function tidy(server: TestServer, retentionMs: number | null) {
  const { db } = server.database
  const gone: Record<string, number> = {}
  const failed: unknown[] = []
  const jobs = maintenanceJobs({
    engine: server.server.engine,
    mail: createMailStore(db),
    webhookSecrets: createWebhookSecrets({ db, random }),
    auth: server.server.auth,
    retentionMs,
  })
  const maintenance = new Maintenance({
    jobs,
    pauseMs: 0,
    onGone: (_, batch) => {
      for (const [what, count] of Object.entries(batch)) gone[what] = (gone[what] ?? 0) + count
    },
    onError: (_, error) => failed.push(error),
  })
  await maintenance.round()
  assert.deepEqual(failed, [])
  return gone
}

function caller(server: TestServer) {
  return async (token: string, path: string, body?: unknown) => {
    const { status, headers, text, json } = await jsonRequest(`${server.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      authorization: `Bearer ${token}`,
      body,
    })
    assert.ok(status < 500, `${path}: ${status} ${text}`)
    return { status, receipt: headers.get('standdown-receipt'), json }
  }
}

test('finished work of every room goes, and nothing that can still be called off', async () => {
  await using server = await testServer()
  const { db } = server.database
  const call = caller(server)
  const rows = async (table: string) =>
    (await db.query<{ n: number }>({ text: `select count(*)::int as n from ${table}` }))[0]!.n
  const [app, alice, dana] = await Promise.all([
    server.appToken(),
    server.personToken('alice'),
    server.personToken('dana'),
  ])
  const operator = server.token

  const meeting = async (subject: string) =>
    (
      await call(alice, '/v1.0/me/events', {
        subject,
        start: { dateTime: '2031-03-03T09:00:00', timeZone: 'UTC' },
        end: { dateTime: '2031-03-03T09:15:00', timeZone: 'UTC' },
        attendees: [{ emailAddress: { address: 'bob@contoso.example' } }],
      })
    ).json.id as string
  const standing = await meeting('Standing')
  const calledOff = await meeting('Called off')
  const cancelMeeting = (id: string) => call(alice, `/v1.0/me/events/${id}/cancel`, { comment: 'x' })
  const receipts = [(await cancelMeeting(calledOff)).receipt!]

  const report = { triggerKey: 'invoice_due', externalEntityId: randomUUID() }
  const finished = { ...report, externalEntityId: randomUUID() }
  for (const pair of [report, finished])
    await call(app, '/automations/v1/events/report', { ...pair, payload: { number: '1', amount: '2' } })
  receipts.push((await call(app, '/automations/v1/events/cancel', report)).receipt!)

  const offer = { channel: 'demo_softphone', templateName: 'msdyn_chat_incoming_unauthenticated' }
  await call(dana, '/api/v1/notifications/offers', { ...offer, cancellationTokens: ['chat'] })
  const token = { channel: 'demo_softphone', cancellationToken: 'chat' }
  receipts.push((await call(dana, '/api/v1/notifications/cancel', token)).receipt!)

  const later = { kind: 'delay', afterMs: 3000 * DAY }
  const pending = (await call(operator, '/api/v1/events', { key: 'order', title: 'Order', effects: [later] }))
    .json.id
  const early = (await call(operator, '/api/v1/cancellations', { key: 'not yet', app: 'people' })).receipt!

  await server.advance(60 * DAY)
  for (const receipt of receipts)
    assert.equal((await call(operator, `${receipt}?wait=30`)).json.state, 'final')
  const mails = (await call(operator, '/api/v1/mail')).json.value.length
  assert.ok(mails > 4)
  assert.ok((await rows('notifications.offer')) > 0)

  const gone = await tidy(server, EVERYTHING)
  assert.equal(gone.receipts, 3 + 1, 'the early one too, whose time is over')
  assert.equal(gone.mail, mails)
  for (const receipt of [...receipts, early]) assert.equal((await call(operator, receipt)).status, 404)
  assert.equal(await rows('notifications.offer'), 0)
  assert.deepEqual((await call(operator, '/api/v1/receipts')).json.value, [])
  assert.equal(await rows('engine.event'), 2, 'the standing meeting and the order')
  assert.equal(await rows('engine.effect'), 1, 'what the order waits for')

  const off = await cancelMeeting(standing)
  assert.equal(off.status, 202)
  const receipt = (await call(operator, `${off.receipt}?wait=30`)).json
  assert.equal(receipt.state, 'final')
  assert.ok(receipt.items.length > 0, 'its invitations were kept with it')
  assert.equal((await cancelMeeting(calledOff)).status, 404, 'as before: it is in no calendar')
  assert.equal((await call(operator, `/api/v1/events/${pending}/cancel`, {})).json.counts.total, 0)
  assert.deepEqual(
    (await call(app, '/automations/v1/events/cancel', finished)).json,
    {},
    'what is over is over',
  )
})

test('within the retention nothing goes, and for ever means for ever', async () => {
  await using server = await testServer()
  const { db } = server.database
  const call = caller(server)
  const secrets = createWebhookSecrets({ db, random })
  const { id } = (
    await call(server.token, '/api/v1/events', {
      title: 'Order',
      effects: [{ kind: 'mail', to: ['bob@contoso.example'], subject: 's', text: 't' }],
    })
  ).json
  await server.advance(1000)
  const { receipt } = await call(server.token, `/api/v1/events/${id}/cancel`, {})
  await secrets.secretFor('contoso', 'crm')
  await secrets.rotate('contoso', 'crm', 0)
  await secrets.rotate('contoso', 'crm', DAY)
  // A session that has ended.
  await db.query({
    text: `insert into auth.browser_session (hash, tenant, person_id, expires_at)
      select sha256('gone'), tenant, id, now() - interval '1 day' from auth.person where upn = 'bob@contoso.example'`,
  })

  assert.deepEqual(
    await tidy(server, null),
    { webhook_secrets: 1, sign_ins: 1 },
    'what has an end of its own',
  )
  assert.deepEqual(await tidy(server, 90 * DAY), {})
  assert.equal((await call(server.token, receipt!)).status, 200)
  assert.equal((await call(server.token, '/api/v1/mail')).json.value.length, 1)
  assert.equal((await secrets.secretFor('contoso', 'crm')).length, 2)
})

test('what was swept is counted, and a job that fails keeps no other waiting', async () => {
  await using server = await testServer()
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  assert.match(metrics, /^# TYPE standdown_swept_total counter$/m)

  const did = { broken: 0, batch: 0 }
  const { promise: both, resolve } = Promise.withResolvers<void>()
  const note = (what: keyof typeof did) => {
    did[what] += 1
    if (did.broken > 1 && did.batch > 3) resolve()
  }
  const maintenance = new Maintenance({
    everyMs: 1,
    pauseMs: 0,
    jobs: [
      { name: 'broken', batch: () => Promise.reject(new Error('broken')) },
      {
        name: 'rows',
        async batch() {
          note('batch')
          return { gone: { rows: 1 }, more: did.batch < 3 }
        },
      },
    ],
    onError: (job, error) => {
      assert.equal(`${job}: ${(error as Error).message}`, 'broken: broken')
      note('broken')
    },
  })
  maintenance.start()
  await both
  await maintenance.stop()
})
