// Which events each role sees, in lists and one by one: in its own tenant and in another one.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { jsonRequest } from '../support/json-request.ts'
import { type TestServer, testServer } from '../support/server.ts'

const OTHER_SITE = `
tenants:
  - id: fabrikam
    name: Fabrikam
    domains: [fabrikam.example]
    users:
      - { upn: mallory@fabrikam.example, name: Mallory, roles: [admin, operator, agent] }
      - { upn: mia@fabrikam.example, name: Mia, roles: [member, agent] }
    apps:
      - name: evil-app
        roles: [admin, operator]
        scopes: [SCOPE.DC.MANAGE-YOUR-APP, Events.ReadWrite]
        sites: [{ name: Evil site }]
      - name: small-app
        scopes: [SCOPE.DC.MANAGE-YOUR-APP, SCOPE.CRM.SETUP-AUTOMATIONS, Events.ReadWrite]
        sites: [{ name: One site }]
`

let server: TestServer
const made: { [what: string]: string } = {}
const tokens: { [who: string]: string } = {}

async function call(who: string, method: string, path: string, body?: unknown) {
  const token = tokens[who] as string
  const authorization = path.startsWith('/automations') ? token : `Bearer ${token}`
  const { status, json } = await jsonRequest(`${server.url}${path}`, { method, authorization, body })
  return { status, body: json }
}

async function done(who: string, method: string, path: string, body?: unknown) {
  const reply = await call(who, method, path, body)
  assert.ok(reply.status < 300, `${who} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
  return reply.body
}

before(async () => {
  server = await testServer()
  await server.server.workspace.apply(OTHER_SITE, { apply: true })
  for (const name of ['alice', 'bob', 'carol', 'dana']) tokens[name] = await server.personToken(name)
  tokens.app = await server.appToken()
  const mint = async (of: { person: string } | { app: string }) =>
    (await server.server.auth.mintToken({ tenant: 'fabrikam', for: of })).token
  tokens.mallory = await mint({ person: 'mallory@fabrikam.example' })
  tokens.mia = await mint({ person: 'mia@fabrikam.example' })
  tokens['evil-app'] = await mint({ app: 'evil-app' })
  tokens['small-app'] = await mint({ app: 'small-app' })

  await done('alice', 'POST', '/v1.0/me/events', {
    subject: 'A meeting',
    start: { dateTime: '2031-05-06T10:00:00', timeZone: 'UTC' },
    end: { dateTime: '2031-05-06T11:00:00', timeZone: 'UTC' },
    attendees: [{ emailAddress: { address: 'bob@contoso.example' }, type: 'required' }],
  })
  const newest = async () => (await done('alice', 'GET', '/api/v1/events?api=graph&limit=1')).value[0].id
  made.meeting = await newest()
  await done('alice', 'POST', '/v1.0/groups/94000000-0000-4000-8000-000000000005/events', {
    subject: 'A meeting of the group',
    start: { dateTime: '2031-05-07T10:00:00', timeZone: 'UTC' },
    end: { dateTime: '2031-05-07T11:00:00', timeZone: 'UTC' },
  })
  made.group = await newest()
  made.offer = (
    await done('dana', 'POST', '/api/v1/notifications/offers', {
      channel: 'demo_softphone',
      templateName: 'msdyn_chat_incoming_unauthenticated',
      templateParameters: { customerName: 'Somebody' },
      cancellationTokens: ['token-1', 'token-2'],
    })
  ).id
  const reported = await done('app', 'POST', '/automations/v1/events/report', {
    triggerKey: 'form_submitted',
    externalEntityId: '16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c',
    payload: { name: 'Somebody', message: 'Hello' },
  })
  made.activation = reported.activationIds[0]
  made.native = (await done('alice', 'POST', '/api/v1/events', { key: 'k', title: 'By a person' })).id
  made.app = (await done('app', 'POST', '/api/v1/events', { key: 'k', title: 'By the app' })).id
  await server.advance(1000)
})
after(() => server?.[Symbol.asyncDispose]())

const SEES: { readonly [who: string]: readonly string[] } = {
  alice: ['meeting', 'group', 'offer', 'activation', 'native', 'app'],
  app: ['activation', 'app'],
  dana: ['offer'],
  bob: ['meeting', 'group'],
  // No member of the group, and in no meeting.
  carol: [],
  mallory: [],
  mia: [],
  'evil-app': [],
  'small-app': [],
}

/** What one could call off, and so may look at, but is no list of one's own: an app reaches every user's calendar. */
const BY_ID: { readonly [who: string]: readonly string[] } = { app: ['meeting'] }

for (const [who, sees] of Object.entries(SEES)) {
  test(`${who} sees ${sees.length === 0 ? 'nothing' : sees.join(', ')}`, async () => {
    const listed = new Set<string>()
    for (let after = ''; ; ) {
      const { value, nextPage } = await done(who, 'GET', `/api/v1/events?limit=2${after}`)
      for (const { id } of value) {
        assert.ok(!listed.has(id), 'once')
        listed.add(id)
        assert.equal(
          (await call(who, 'GET', `/api/v1/events/${id}`)).status,
          200,
          'what is listed can be looked at',
        )
      }
      if (nextPage === null) break
      after = `&after=${nextPage}`
    }
    for (const [what, id] of Object.entries(made)) {
      const isListed = sees.includes(what)
      const may = isListed || BY_ID[who]?.includes(what) === true
      assert.equal((await call(who, 'GET', `/api/v1/events/${id}`)).status, may ? 200 : 404, what)
      assert.equal((await call(who, 'GET', `/api/v1/effects?eventId=${id}`)).status, may ? 200 : 404, what)
      assert.equal(listed.has(id), isListed, `${what} in the list`)
    }
    for (const query of [
      'q=somebody',
      'q=hello',
      'key=k',
      'api=wix',
      'entity=16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c',
      'state=announced',
      'dueAfter=2020-01-01T00:00:00Z',
    ]) {
      const { value, count } = await done(who, 'GET', `/api/v1/events?${query}&count=true`)
      for (const { id } of value) assert.ok(listed.has(id), `${query} finds only what is seen`)
      if (sees.length === 0) assert.deepEqual([value, count], [[], { count: 0, isExact: true }], query)
    }
  })
}

test('an app at one site does not see what was reported at another', async () => {
  const { directory } = server.server.auth
  const app = await directory.app('contoso', 'demo-app')
  assert.ok(app)
  await server.server.engine.lists.event('contoso', made.activation as string).then(event => {
    assert.equal(event?.app, app.id)
    assert.ok(event?.data.site)
  })
  // The same app, at a site that nothing was reported at.
  const { lists } = server.server.engine
  const filter = { app: app.id, site: '00000000-0000-4000-8000-000000000000' }
  const { events } = await lists.events({ tenant: 'contoso', filter, limit: 50 })
  assert.deepEqual(
    events.map(event => event.id),
    [made.app],
    'what names no site is of all',
  )
})

test('to see is not to call off', async () => {
  // Bob is asked to the meeting. The others hold tokens for this API alone, not for the one that it was announced by.
  tokens['app-here'] = await server.appToken(['Events.ReadWrite'])
  tokens['dana-here'] = await server.personToken('dana', ['Events.ReadWrite'])
  for (const [who, what] of [
    ['app-here', 'activation'],
    ['dana-here', 'offer'],
    ['bob', 'meeting'],
  ] as const) {
    assert.equal((await call(who, 'GET', `/api/v1/events/${made[what]}`)).status, 200, who)
    assert.equal((await call(who, 'POST', `/api/v1/events/${made[what]}/cancel`)).status, 404, who)
    assert.equal(
      (await call(who, 'POST', `/api/v1/events/${made[what]}/revise`, { effects: [] })).status,
      404,
      who,
    )
  }
})

test('who is in a meeting sees nothing of its other guests, and who may call it off does', async () => {
  const guests = ['bob@contoso.example', 'ceo@rival.example', 'dana@contoso.example']
  const subject = 'Secret guests'
  await done('alice', 'POST', '/v1.0/me/events', {
    subject,
    hideAttendees: true,
    start: { dateTime: '2031-05-08T10:00:00', timeZone: 'UTC' },
    end: { dateTime: '2031-05-08T11:00:00', timeZone: 'UTC' },
    attendees: guests.map(address => ({ emailAddress: { address } })),
  })
  await server.advance(1000)
  const [listed] = (await done('bob', 'GET', '/api/v1/events?q=secret')).value
  const { id } = listed
  const effects = async (who: string, more = '') =>
    (await done(who, 'GET', `/api/v1/effects?eventId=${id}${more}`)).value
  const event = await done('bob', 'GET', `/api/v1/events/${id}`)
  assert.deepEqual([event.effects, event.next, event.skipped, event.data], [[], null, [], {}])
  assert.deepEqual(await effects('bob'), [])
  assert.deepEqual(await effects('bob', '&receiver=rival.example'), [])
  for (const shown of [listed, event]) assert.doesNotMatch(JSON.stringify(shown), /ceo@|dana@|rival/)
  // Whose meeting it is, as somebody who runs nothing: what is theirs is shown.
  tokens['alice-here'] = await server.personToken('alice', ['Calendars.ReadWrite'])
  for (const who of ['alice', 'alice-here']) {
    assert.match(JSON.stringify(await done(who, 'GET', `/api/v1/events/${id}`)), /ceo@rival/, who)
    assert.match(JSON.stringify(await effects(who)), /ceo@rival/, who)
  }
})

test('of an automation an app sees how its actions go, and not whom they reach or what was answered', async () => {
  tokens['app-wix'] = await server.appToken(['SCOPE.DC.MANAGE-YOUR-APP'])
  const path = `/api/v1/events/${made.activation}`
  const whole = await done('alice', 'GET', path)
  assert.ok(whole.effects.length > 0)
  for (const who of ['app', 'app-wix']) {
    const event = await done(who, 'GET', path)
    const { value: effects } = await done(who, 'GET', `/api/v1/effects?eventId=${made.activation}`)
    assert.deepEqual(
      event.effects.map((effect: { id: string; state: string }) => [effect.id, effect.state]),
      whole.effects.map((effect: { id: string; state: string }) => [effect.id, effect.state]),
    )
    for (const effect of [...event.effects, ...effects, ...(event.next ? [event.next] : [])]) {
      assert.match(effect.title, /^(Mail|Webhook|Wait|An action)$/)
      assert.deepEqual(
        [effect.error, effect.evidence ?? null, effect.receiver ?? null],
        [null, null, null],
        who,
      )
    }
  }
  const listed = (await done('app', 'GET', '/api/v1/events?api=wix')).value
  for (const { next } of listed) assert.ok(next === null || /^(Mail|Webhook|Wait)$/.test(next.title))
})
