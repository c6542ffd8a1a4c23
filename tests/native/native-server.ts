// The native API over HTTP, on a real engine and database. Who calls is said by the token itself, so that a test can be
// anybody: 'alice', 'bob' …

import { createEventFinder } from '../../server/src/apis/native/events/event-finder.ts'
import { createNameFinder } from '../../server/src/apis/native/name-finder.ts'
import { nativeApi } from '../../server/src/apis/native/native-api.ts'
import { delayCarrier, nativeDomain } from '../../server/src/apis/native/native-domain.ts'
import type { KeptMail, WorkspaceApplied } from '../../server/src/apis/native/needs.ts'
import { createReceiptFinder } from '../../server/src/apis/native/receipts/receipt-finder.ts'
import { OPERATIONS_ROUTES } from '../../server/src/apis/operations/operations.ts'
import { startPages } from '../../server/src/apis/operations/page-routes.ts'
import { type SecurityLine, SecurityLog } from '../../server/src/auth/security-log.ts'
import { readConfig } from '../../server/src/config/config.ts'
import { Fault } from '../../server/src/core/fault.ts'
import type { Principal, Role } from '../../server/src/core/principal.ts'
import { createWebhookSecrets } from '../../server/src/delivery/webhook/webhook-secrets.ts'
import { loadMetrics } from '../../server/src/http/metrics.ts'
import { createHttp } from '../../server/src/http/server.ts'
import { random, SteeredCarrier, testEngine } from '../support/engine.ts'

export const TENANT = 'contoso'

type Who = { tenant?: string; kind?: Principal['kind']; roles?: readonly Role[]; scopes?: readonly string[] }

const ALL = ['Events.ReadWrite', 'Receipts.Read']

const PEOPLE: { readonly [token: string]: Who } = {
  alice: { roles: ['admin', 'member'], scopes: ALL },
  olga: { roles: ['operator', 'member'], scopes: ALL },
  bob: { roles: ['member'], scopes: ALL },
  'alice-for-calendars': { roles: ['admin', 'member'], scopes: ['Calendars.ReadWrite'] },
  shop: { kind: 'app', scopes: ALL },
  rival: { kind: 'app', scopes: ALL },
  'server-key': { tenant: '', kind: 'app', roles: ['admin', 'operator'], scopes: ALL },
  mallory: { tenant: 'fabrikam', roles: ['admin'], scopes: ALL },
}

export function principalOf(token: string): Principal {
  const who = PEOPLE[token]
  if (!who) throw new Fault('INVALID_TOKEN', 401, 'The token is not valid here.')
  const { tenant = TENANT, kind = 'person', roles = [], scopes = [] } = who
  return {
    tenant,
    kind,
    id: `${token.split('-')[0]}-id`,
    name: token,
    upn: kind === 'person' ? `${token}@contoso.example` : null,
    scopes: new Set(scopes),
    roles: new Set(roles),
    appId: kind === 'app' ? `${token}-id` : null,
    siteInstanceId: null,
  }
}

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: () => ReturnType<typeof JSON.parse>
}

export type NativeServer = AsyncDisposable & {
  readonly url: string
  readonly mail: SteeredCarrier
  readonly webhook: SteeredCarrier
  readonly engine: Awaited<ReturnType<typeof testEngine>>['engine']
  readonly db: Awaited<ReturnType<typeof testEngine>>['database']['db']
  readonly applied: { text: string; apply: boolean }[]
  /** Of the one tenant's directory. */
  readonly apps: { id: string; name: string }[]
  readonly removedApps: { id: string; name: string }[]
  call(token: string | null, method: string, path: string, options?: CallOptions): Promise<Reply>
}

type CallOptions = {
  readonly body?: unknown
  readonly raw?: string
  readonly headers?: { readonly [name: string]: string }
}

export async function nativeServer(mails: KeptMail = NO_MAIL): Promise<NativeServer> {
  const mail = new SteeredCarrier('mail.send', {
    answer: () => ({ is: 'done', evidence: { response: '250 Ok' } }),
  })
  const webhook = new SteeredCarrier('webhook.call')
  const made = await testEngine([mail, webhook, delayCarrier], { domains: [nativeDomain] })
  const { engine, database } = made
  await database.db.transaction('test.tenants', async tx => {
    await engine.putTenant(tx, TENANT, true)
    await engine.putTenant(tx, 'fabrikam', false)
  })
  const config = readConfig({ PORT: '0', TLS_PORT: 'off', LOG_LEVEL: 'silent' }, process.cwd())
  const http = createHttp({ metrics: await loadMetrics(), config, now: () => new Date() })
  const securityLines: SecurityLine[] = []
  const applied: { text: string; apply: boolean }[] = []
  const apps = ['shop', 'rival'].map(name => ({ id: `${name}-id`, name }))
  const removedApps: { id: string; name: string }[] = []
  const names = createNameFinder({
    directory: {
      apps: async tenant => (tenant === TENANT ? apps : []),
      removedApps: async tenant => (tenant === TENANT ? removedApps : []),
      instances: async () => [],
      removedInstances: async () => [],
      users: async () => [],
      user: async () => null,
    },
    notifications: { tokenHolders: async () => [] },
  })
  const events = createEventFinder({
    engine,
    calendar: { findItem: async () => null },
    directory: { user: async () => null, groupsOf: async () => [] },
  })
  const needs = {
    db: database.db,
    engine,
    auth: {
      securityLog: new SecurityLog({ write: line => void securityLines.push(line), now: () => new Date() }),
      authenticate: async (header: string | undefined) => {
        const token = /^Bearer (.+)$/.exec(header ?? '')?.[1]
        if (token === undefined) throw new Fault('UNAUTHENTICATED', 401, 'No credential was sent.')
        return principalOf(token)
      },
      session: async (request: { headers: { readonly [name: string]: unknown } }) => {
        const { cookie } = request.headers
        return typeof cookie === 'string' && cookie.startsWith('who=') ? principalOf(cookie.slice(4)) : null
      },
    },
    names,
    events,
    receiptFinder: createReceiptFinder({
      engine,
      directory: { instances: async () => [] },
      notifications: { channelsOf: async () => [] },
      names,
      events,
    }),
    longResponses: http.longResponses,
    meetings: { idsOf: async () => [], has: async () => false },
    appIdOf: async (_tenant: string, name: string) => (name in PEOPLE ? `${name}-id` : null),
    // Actions that make events of other rooms are tried on a whole server (child-effects.test.ts): here is nobody.
    effects: {
      directory: { user: async () => null },
      notifications: {
        channelsOf: async () => [],
        fillCard: async () => {
          throw new Error('there are no templates')
        },
      },
    },
    mail: mails,
    webhookSecrets: createWebhookSecrets({ db: database.db, random }),
    failingReceivers: async () => [],
    facts: {
      version: '0.0.0-test',
      get publicUrl() {
        return http.publicUrl()
      },
      tlsUrl: null,
      database: 'a test database',
      mail: 'Kept and shown here',
      demo: true,
      isSandbox: async (tenant: string) => tenant === TENANT,
    },
    workspace: async (
      _who: Principal,
      text: string,
      { apply }: { apply: boolean },
    ): Promise<WorkspaceApplied> => {
      applied.push({ text, apply })
      return {
        applied: apply,
        changes: [{ is: 'added', at: 'users.eve@contoso.example' }],
        cancelled: [],
      }
    },
  }
  await http.app.register(nativeApi(needs, { guarded: OPERATIONS_ROUTES, open: [] }))
  await http.app.register(startPages(needs, http.openApi))
  await http.listen()
  return {
    url: http.publicUrl(),
    mail,
    webhook,
    engine,
    db: database.db,
    applied,
    apps,
    removedApps,
    async call(token, method, path, { body, raw, headers = {} } = {}) {
      const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body))
      const response = await fetch(`${http.publicUrl()}${path}`, {
        method,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(sent === undefined ? {} : { body: sent }),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) }
    },
    async [Symbol.asyncDispose]() {
      await http.close(0)
      await made[Symbol.asyncDispose]()
    },
  }
}

const NO_MAIL: KeptMail = { list: async () => [], read: async () => null }
