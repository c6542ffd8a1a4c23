// The workspace file says how often what fails is tried again: for a tenant, an app and an automation. Each announcement keeps what
// held when it was made.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { MAX_ATTEMPTS } from '../../server/src/core/effects/retry-plan.ts'
import { Fault } from '../../server/src/core/fault.ts'
import { DEMO_TENANT, type TestServer, testServer } from '../support/server.ts'

const FILE = readFileSync(new URL('../../examples/workspace.yaml', import.meta.url), 'utf8')

/** The demo's file with what is said of retries, each part as YAML in one line. */
function fileWith({ tenant, app, automation }: { tenant?: string; app?: string; automation?: string }) {
  const put = (text: string, before: RegExp, indent: string, retries: string | undefined) => {
    assert.match(text, before)
    return retries === undefined
      ? text
      : text.replace(before, found => `${indent}retries: ${retries}\n${found}`)
  }
  const one = put(FILE, /^ {4}users:$/m, '    ', tenant)
  const two = put(one, /^ {8}clientId: de300a99/m, '        ', app)
  return put(two, /^ {8}trigger: form_submitted$/m, '        ', automation)
}

const apply = async (server: TestServer, file: string, go = true) =>
  await server.server.workspace.apply(file, { apply: go, variables: { PUBLIC_URL: server.url } })

type Stored = { kind: string; retry_plan: object | null; max_attempts: number }

async function storedOf(server: TestServer, eventId: string): Promise<readonly Stored[]> {
  return await server.database.db.query<Stored>({
    text: `select kind, retry_plan::json as retry_plan, max_attempts from engine.effect where event_id = '${eventId}' order by kind`,
  })
}

async function announce(server: TestServer, token: string): Promise<readonly Stored[]> {
  const later = { afterMs: 86_400_000 }
  const response = await fetch(`${server.url}/api/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      title: 'x',
      effects: [
        { kind: 'webhook', url: 'https://hooks.example/', ...later },
        { kind: 'mail', to: ['bob@contoso.example'], subject: 's', text: 't', ...later },
        { kind: 'delay', ...later },
      ],
    }),
  })
  assert.equal(response.status, 201)
  return await storedOf(server, ((await response.json()) as { id: string }).id)
}

suite('retries in the workspace file', () => {
  test('hold for the tenant, more narrowly for an app, and only for what is announced from then on', async () => {
    await using server = await testServer()
    const person = await server.personToken('alice')
    const app = await server.appToken()
    const plain = (await announce(server, person)).map(({ kind, retry_plan }) => [kind, retry_plan])
    assert.deepEqual(plain, [
      ['mail.send', null],
      ['native.delay', null],
      ['webhook.call', null],
    ])
    const file = fileWith({
      tenant: '{ webhook: { for: 24h, first: 5s }, mail: { attempts: 7 } }',
      app: '{ webhook: { for: 2h, attempts: 20 } }',
    })
    const changes = await apply(server, file)
    assert.deepEqual(changes.map(({ is, at }) => [is, at]).toSorted(), [
      ['added', 'tenants.contoso.apps.demo-app.retries.webhook'],
      ['added', 'tenants.contoso.retries.mail'],
      ['added', 'tenants.contoso.retries.webhook'],
    ])
    assert.deepEqual(await apply(server, file), [])
    const ofPerson = await announce(server, person)
    assert.deepEqual(ofPerson, [
      { kind: 'mail.send', retry_plan: { attempts: 7 }, max_attempts: 7 },
      { kind: 'native.delay', retry_plan: null, max_attempts: 1000 },
      { kind: 'webhook.call', retry_plan: { for: '24h', first: '5s' }, max_attempts: MAX_ATTEMPTS },
    ])
    const ofApp = await announce(server, app)
    assert.deepEqual(ofApp[2], {
      kind: 'webhook.call',
      retry_plan: { for: '2h', first: '5s', attempts: 20 },
      max_attempts: 20,
    })
    const compared = await apply(server, fileWith({ tenant: '{ webhook: { for: 24h, first: 5s } }' }), false)
    assert.deepEqual(compared.map(({ is, at }) => [is, at]).toSorted(), [
      ['removed', 'tenants.contoso.apps.demo-app.retries.webhook'],
      ['removed', 'tenants.contoso.retries.mail'],
    ])
    assert.deepEqual((await announce(server, app))[2]?.max_attempts, 20, 'a comparison changes nothing')
    await apply(server, FILE)
    assert.deepEqual((await announce(server, app))[2], {
      kind: 'webhook.call',
      retry_plan: null,
      max_attempts: MAX_ATTEMPTS,
    })
  })

  test('hold for an automation above all, and a new revision of it is one for what is reported from then on', async () => {
    await using server = await testServer()
    const token = await server.appToken()
    const reported = async () => {
      const response = await fetch(`${server.url}/automations/v1/events/report`, {
        method: 'POST',
        headers: { authorization: token, 'content-type': 'application/json' },
        body: JSON.stringify({ triggerKey: 'form_submitted', payload: { name: 'x', message: 'y' } }),
      })
      assert.equal(response.status, 200)
      const [row] = await server.database.db.query<{ retry_plan: object | null }>({
        text: `select retry_plan::json as retry_plan from (
            select event_id, retry_plan, kind from engine.effect union all select event_id, retry_plan, kind from engine.ended) x
          where kind = 'mail.send' and event_id = (select id from engine.event order by sequence desc limit 1)`,
      })
      return row?.retry_plan
    }
    assert.equal(await reported(), null)
    const changes = await apply(
      server,
      fileWith({
        tenant: '{ mail: { for: 12h, first: 3s }, webhook: { for: 12h, first: 3s } }',
        automation: '{ mail: { for: 1h }, webhook: { for: 1h } }',
      }),
    )
    const revision = changes.find(({ at }) => at.startsWith('tenants.contoso.automations.'))
    assert.match(revision?.detail ?? '', /^revision 2/)
    assert.deepEqual(await reported(), { for: '1h', first: '3s' })
  })

  test('with mistakes are refused, with line and what is accepted', async () => {
    await using server = await testServer()
    for (const [parts, problem] of [
      [
        { tenant: '{ webhook: { for: 30d } }' },
        /\d+:\d+ tenants\[0\]\.retries\.webhook\.for must be a time from 1m to 14d/,
      ],
      [{ tenant: '{ sms: {} }' }, /\d+:\d+ tenants\[0\]\.retries\.sms is not known here/],
      [
        { app: '{ mail: { jitter: 2 } }' },
        /\d+:\d+ tenants\[0\]\.apps\[0\]\.retries\.mail\.jitter must be a number from 0 to 0\.5/,
      ],
      [{ app: '{ webhook: { until: 3d } }' }, /retries\.webhook\.until is not known here/],
      [{ tenant: '{ webhook: { longest: 1m } }' }, /more than 1000 attempts/],
      [
        { tenant: '{ webhook: { for: 10m, longest: 1m } }', app: '{ webhook: { for: 14d } }' },
        /apps\[0\].* more than 1000 attempts/,
      ],
      [
        { automation: '{ mail: { attempts: 0 } }' },
        /automations\[\d\]\.retries\.mail\.attempts.*must be a whole number from 1 to 1000/,
      ],
      [{ automation: '{ mail: { every: 1h } }' }, /retries\.mail\.every.*is not known here/],
    ] as const)
      await assert.rejects(apply(server, fileWith(parts)), error => {
        assert.ok(error instanceof Fault)
        assert.match(error.message, problem)
        return true
      })
    const everywhere = fileWith({
      tenant: '{ webhook: null, mail: { for: 30d } }',
      app: '{ sms: {} }',
      automation: '{ mail: { first: 0s, jiter: 0.1 } }',
    })
    await assert.rejects(apply(server, everywhere), error => {
      assert.ok(error instanceof Fault)
      const errors = (error.data?.errors ?? []) as { at: string; message: string; accepted?: string }[]
      assert.deepEqual(
        errors.map(({ at, message, accepted }) => [at.replace(/.*retries\./, ''), message, accepted]),
        [
          ['webhook', 'must be an object', 'for, first, longest, factor, jitter, attempts'],
          ['mail.for', 'must be a time from 1m to 14d', 'a time such as 90s, 15m, 24h or 3d'],
          ['sms', 'is not known here', 'webhook, mail'],
          ['mail.first', 'must be a time from 1s to 1d', 'a time such as 90s, 15m, 24h or 3d'],
          [
            'mail.jiter',
            'is not known here; did you mean jitter?',
            'for, first, longest, factor, jitter, attempts',
          ],
        ],
      )
      return true
    })
    const kept = await server.database.db.transaction('t', tx =>
      server.server.engine.retryPlans(tx, DEMO_TENANT),
    )
    assert.deepEqual(kept, {})
  })
})
