// The server that is tried, those who try it, and what there is to name: a process of its own on a database of its own, with
// something of every kind in it. Tokens that a request made void are minted anew.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../server/src/store/database.ts'
import { testDatabase } from '../support/database.ts'
import type { Operation } from '../support/descriptions.ts'
import { httpReceiver } from '../support/http-receiver.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { confirmLink } from '../support/sign-in-link.ts'
import { until } from '../support/until.ts'
import type { Pair } from './request.ts'

export const ROLES = [
  'nobody',
  'member',
  'app',
  'agent',
  'operator',
  'admin',
  'server',
  'stranger',
  // An admin's, with a session and no token.
  'browser',
] as const
export type Role = (typeof ROLES)[number]

const WHO: {
  readonly [role in Role]?: { readonly tenant?: string; readonly user?: string; readonly app?: string }
} = {
  member: { user: 'bob@contoso.example' },
  app: { app: 'demo-app' },
  agent: { user: 'dana@contoso.example' },
  operator: { user: 'olga@contoso.example' },
  admin: { user: 'alice@contoso.example' },
  stranger: { tenant: 'fabrikam', user: 'mallory@fabrikam.example' },
}

const DEMO = readFileSync(new URL('../../examples/workspace.yaml', import.meta.url), 'utf8')
const OLGA = '      - { upn: olga@contoso.example, name: Olga Olsen, roles: [operator] }\n'
const PLANNER = '91a44e00-0000-4000-8000-000000000009'
const CALLBACK = 'https://planner.example/back'
const PLANNER_APP = `      - { name: planner, clientId: ${PLANNER}, redirectUris: ['${CALLBACK}'], scopes: [Calendars.Read] }\n`
const WORKSPACE = `${DEMO.replace('    users:\n', found => `${found}${OLGA}`).replace('    apps:\n', found => `${found}${PLANNER_APP}`)}
  - id: fabrikam
    name: Fabrikam
    domains: [fabrikam.example]
    users:
      - { upn: mallory@fabrikam.example, name: Mallory, roles: [admin, operator, agent] }
`
const SMALL_WORKSPACE =
  'tenants:\n  - id: small\n    name: Small\n    domains: [small.example]\n    users: [{ upn: s@small.example, name: S }]\n'
const ENTITIES = ['16ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c', '26ef8c9c-413e-4d5f-b77d-8c67c3c8ae0c']
const APP = 'de300a99-0000-4000-8000-000000000006'
const INSTANCE = '1257a9ce-0000-4000-8000-000000000008'
const KEYS = ['k1', 'k2', 'k3', 'order-1017']
const TOKENS = ['call-1', 'call-2', 'call-3']
const PEOPLE = ['alice@contoso.example', 'bob@contoso.example', 'b0b00000-0000-4000-8000-000000000002']
const GROUP = '94000000-0000-4000-8000-000000000005'
const FIELDS: { readonly [name: string]: readonly unknown[] } = {
  channel: ['demo_softphone'],
  templateName: ['msdyn_chat_incoming_unauthenticated'],
  template: ['msdyn_chat_incoming_unauthenticated'],
  templateParameters: [{ customerName: 'C' }, {}],
  cancellationToken: TOKENS,
  cancellationTokens: [['call-1'], ['call-2', 'call-3'], []],
  agent: ['dana@contoso.example'],
  organizer: ['alice@contoso.example'],
  user: ['bob@contoso.example'],
  tenant: ['contoso'],
  app: ['demo-app'],
  triggerKey: ['my_trigger', 'form_submitted', 'invoice_due', 'appointment_starting'],
  externalEntityId: ENTITIES,
  externalEntityIds: [ENTITIES, [ENTITIES[0]]],
  payload: [
    { name: 'N', message: 'M' },
    { startsAt: '2031-05-06T10:00:00Z', title: 'T' },
    { number: 7, vip: true },
  ],
  key: KEYS,
  advance: ['1s', '1m', '2h'],
  workspace: [SMALL_WORKSPACE, WORKSPACE, '{}', 'tenants: []'],
  // What a file leaves out would be gone.
  prune: [false],
  apply: [false],
  wait: ['0', '0', '1'],
  ref: ['http://127.0.0.1:9', 'my-secret'],
  label: ['key-1'],
  overlap: ['0s', '1h'],
  earlyMs: [0, 1000],
  afterMs: [0, 1000, 86_400_000],
  ttlSeconds: [60],
  url: ['http://127.0.0.1:9/hook', 'https://hook.example/'],
  to: [['bob@contoso.example'], ['x@remote.example', 'y@remote.example']],
  address: ['bob@contoso.example', 'x@remote.example'],
  dateTime: ['2031-05-06T10:00:00', '2031-05-06T11:00:00'],
  timeZone: ['UTC', 'Europe/Berlin', 'Pacific Standard Time'],
  startDateTime: ['2031-05-01T00:00:00'],
  endDateTime: ['2031-06-01T00:00:00Z'],
  Prefer: ['outlook.timezone="Europe/Berlin"', 'outlook.body-content-type="text"'],
  'If-Match': ['*'],
  $select: ['subject,start', 'id'],
  person: ['dana@contoso.example'],
  return_to: ['/agent', '/'],
  client_id: [APP],
  redirect_uri: [CALLBACK],
  post_logout_redirect_uri: [CALLBACK],
  response_type: ['code'],
  code_challenge: ['E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
  code_challenge_method: ['S256'],
  grant_type: ['client_credentials'],
  instance_id: [INSTANCE],
  scope: ['Events.ReadWrite', '.default'],
  file: ['desktop.ts', 'agent.css'],
  isAllDay: [false],
  mailFolderId: ['inbox', 'deleteditems', 'sentitems'],
  groupId: [GROUP],
  userId: PEOPLE,
  now: [false],
}

/** Whole bodies, where fields go together. */
const BODIES: { readonly [path: string]: readonly unknown[] } = {
  '/api/v1/tokens': [
    { tenant: 'contoso', user: 'bob@contoso.example' },
    { tenant: 'contoso', app: 'demo-app', site: 'Demo site', scope: 'Events.ReadWrite', ttlSeconds: 60 },
    { tenant: 'contoso', operator: true, ttlSeconds: 60 },
  ],
  '/signin': [{ person: 'dana@contoso.example' }, { person: 'bob@contoso.example', return_to: '/agent' }],
  '/api/v1/hold/release': [{ all: true }, { kind: 'mail' }],
}

export type World = AsyncDisposable & {
  readonly server: ServerProcess
  readonly port: number
  readonly db: Database
  /** Ids of everything, some of nothing. */
  readonly ids: readonly string[]
  /** Values that mean something there: of a property or parameter, in an operation at this address. Null: none are known. */
  hints(name: string, at: string): readonly unknown[] | null
  authorization(role: Role, operation: Pick<Operation, 'document'>): Pair | null
  /** Makes new tokens. */
  mint(): Promise<void>
  /** Makes new tokens and new things. */
  refresh(): Promise<void>
}

export async function startWorld(): Promise<World> {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await testDatabase({ empty: true }))
  const dataDir = mkdtempSync(join(tmpdir(), 'standdown-fuzz-'))
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const { host, user } = database.options
  const url = `postgresql:///${database.name}?host=${encodeURIComponent(host ?? '')}&user=${encodeURIComponent(user ?? '')}`
  const server = stack.use(
    await startServer({
      dataDir,
      env: { DATABASE_URL: url, STANDDOWN_LEASE_MS: '20000', LOG_LEVEL: 'error' },
    }),
  )
  // What it calls says that it wants no more of it: so something is dead at once.
  const gone = stack.use(await httpReceiver())
  gone.answer = () => ({ status: 410 })
  const tokens = new Map<Role, string>()
  let secret = ''
  let refreshToken = ''
  let cookie = ''
  const found: { [name: string]: readonly string[] } = {}
  let ids: readonly string[] = ['00000000-0000-4000-8000-000000000000']

  const serverKey = () => {
    const { token } = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as { token: string }
    return token
  }
  const call = async (role: Role, method: string, path: string, body?: unknown) => {
    const token = role === 'server' ? serverKey() : (tokens.get(role) ?? '')
    const reply = await server.ask(method, path, { token, ...(body === undefined ? {} : { body }) })
    if (reply.status >= 300) throw new Error(`${role} ${method} ${path}: ${reply.status} ${reply.text}`)
    return reply.json
  }

  /** All operators' keys may just have been made void: the server then writes down another one. */
  async function freshKey(): Promise<void> {
    await until(
      async () => (await server.ask('GET', '/api/v1/status', { token: serverKey() })).status !== 401,
    )
  }

  async function mint(): Promise<void> {
    await freshKey()
    const credentials = await call('server', 'GET', '/api/v1/apps/demo-app?tenant=contoso')
    secret = credentials.clientSecret
    refreshToken = credentials.instances[0].refreshToken
    const { path } = await call('server', 'POST', '/api/v1/sign-in-links', { user: 'alice@contoso.example' })
    const signedIn = await confirmLink(server.url, path)
    cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    tokens.set('server', serverKey())
    for (const [role, who] of Object.entries(WHO))
      tokens.set(
        role as Role,
        (await call('server', 'POST', '/api/v1/tokens', { tenant: 'contoso', ...who })).token,
      )
  }

  async function things(): Promise<void> {
    const announce = (role: Role, more: object = {}) =>
      call(role, 'POST', '/api/v1/events', {
        title: 'Fixture',
        effects: [{ kind: 'delay', title: 'later', afterMs: 86_400_000_000 }],
        ...more,
      })
    const events = [
      await announce('admin', { key: 'k1' }),
      await announce('app', { key: 'k1' }),
      await announce('admin'),
    ]
    const doomed = await announce('admin', { key: 'k2' })
    const dead = await announce('admin', { effects: [{ kind: 'webhook', url: gone.url }] })
    const { receiptId } = await call('admin', 'POST', `/api/v1/events/${doomed.id}/cancel`, {})
    const meet = (attendee: string) =>
      call('admin', 'POST', '/v1.0/me/events', {
        subject: 'Fixture',
        start: { dateTime: '2031-05-06T10:00:00' },
        end: { dateTime: '2031-05-06T11:00:00' },
        attendees: [{ emailAddress: { address: attendee } }],
      })
    const meetings = [await meet('bob@contoso.example'), await meet('x@remote.example')]
    const offer = await call('agent', 'POST', '/api/v1/notifications/offers', {
      channel: 'demo_softphone',
      templateName: 'msdyn_chat_incoming_unauthenticated',
      cancellationTokens: ['call-1'],
    })
    await call('app', 'POST', '/automations/v1/events/report', {
      triggerKey: 'form_submitted',
      externalEntityId: ENTITIES[0],
    })
    // What is due happens, so that there is mail, and a message at whom the meeting was sent to.
    await call('admin', 'POST', '/api/v1/sandbox/clock', { advance: '2s' })
    const listed = async (role: Role, path: string) =>
      ((await call(role, 'GET', path)).value as readonly { readonly id: string }[]).map(({ id }) => id)
    found.event = [...events, doomed].map(({ id }: { id: string }) => id)
    found.meeting = [
      ...meetings.map(({ id }: { id: string }) => id),
      ...(await listed('member', '/v1.0/me/events?$top=3')),
    ]
    found.message = [
      ...(await listed('member', '/v1.0/me/messages?$top=3')),
      ...(await listed('admin', '/v1.0/me/messages?$top=3')),
    ]
    found.calendar = [
      ...(await listed('admin', '/v1.0/me/calendars')),
      ...(await listed('member', '/v1.0/me/calendars')),
    ]
    found.calendarGroup = await listed('admin', '/v1.0/me/calendarGroups')
    const { displayed } = await call('agent', 'GET', '/api/v1/notifications/screen')
    found.offer = [offer.id, ...(displayed ? [displayed.id, displayed.id] : [])]
    found.receipt = [receiptId]
    found.mail = (await listed('admin', '/api/v1/mail')).slice(0, 5)
    found.effect = [...dead.effectIds, ...(await listed('admin', '/api/v1/effects?state=dead&limit=5'))]
    ids = [
      ...new Set(
        [found.event, found.offer, found.receipt, found.effect, found.meeting].flatMap(each => each ?? []),
      ),
      '00000000-0000-4000-8000-000000000000',
    ]
  }

  function hints(name: string, at: string): readonly unknown[] | null {
    if (name === '' && Object.hasOwn(BODIES, at)) return BODIES[at] ?? null
    if (name === '' && /^\/oauth|\/oauth2\//.test(at) && !at.endsWith('token-info')) {
      const client = { client_id: APP, client_secret: secret }
      const refresh = { ...client, grant_type: 'refresh_token', refresh_token: refreshToken }
      const fresh = { ...client, grant_type: 'client_credentials', instance_id: INSTANCE }
      return at === '/oauth/access' ? [refresh] : [fresh, { ...fresh, scope: 'Events.ReadWrite' }, refresh]
    }
    if (name === 'client_secret') return [secret]
    if (name === 'refresh_token' && at.startsWith('/oauth')) return [refreshToken]
    if (name === 'client_id' && at.startsWith('/oidc')) return [PLANNER]
    if (name === 'Origin') return [server.url]
    if (name === 'scope' && at.startsWith('/oidc')) return ['openid', 'openid Calendars.Read']
    if (name === 'resource' || name === 'response_mode' || name === 'prompt') return ['']
    const or = (first: readonly string[] | undefined) => (first && first.length > 0 ? first : null)
    if (name === 'id') {
      if (at.includes('/offers/')) return or(found.offer)
      if (at.includes('/effects/')) return or(found.effect)
      if (at.includes('/receipts/')) return or(found.receipt)
      if (at.includes('/mail/')) return or(found.mail)
      if (at.includes('/events')) return or([...(found.event ?? []), ...(found.meeting ?? []).slice(0, 1)])
      return null
    }
    if (name === 'eventId' && !at.startsWith('/v1.0')) return or(found.event)
    if (name === 'eventId' || name === 'instanceId') return or(found.meeting)
    if (name === 'messageId') return or(found.message)
    if (name === 'calendarId') return or(found.calendar)
    if (name === 'calendarGroupId') return or(found.calendarGroup)
    if (name === 'Standdown-Parent') return or(found.event)
    if (name === 'name' && at.includes('/apps/')) return ['demo-app', APP]
    if (name === 'address' && at.includes('locations')) return null
    if (name === 'key' && at.startsWith('/automations')) return ['key-1', 'key-2']
    if (name === 'contentType') return null
    return Object.hasOwn(FIELDS, name) ? (FIELDS[name] ?? null) : null
  }

  const refresh = async () => {
    // As a whole: what a request may have taken out of it is there again.
    await freshKey()
    await call('server', 'POST', '/api/v1/workspace', { workspace: WORKSPACE })
    await mint()
    await things()
  }
  await refresh()
  const leaving = stack.move()
  return {
    server,
    port: Number(new URL(server.url).port),
    db: database.db,
    get ids() {
      return ids
    },
    hints,
    authorization(role, { document }) {
      if (role === 'browser') return ['Cookie', cookie]
      const token = tokens.get(role)
      if (token === undefined) return null
      return ['Authorization', document.startsWith('/automations') ? token : `Bearer ${token}`]
    },
    mint: () => mint().catch(refresh),
    refresh,
    [Symbol.asyncDispose]: () => leaving.disposeAsync(),
  }
}
