// A running calendar for one test: real PostgreSQL, engine, HTTP and HTTPS, tokens, and kept mail. Contoso has alice, bob
// and carol and the group project-x (alice, bob); Fabrikam has mallory; Outlook.com is a tenant of personal accounts.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { graphApi } from '../../server/src/apis/graph/graph-api.ts'
import { createAuth } from '../../server/src/auth/auth.ts'
import { type Calendar, createCalendar } from '../../server/src/calendar/calendar.ts'
import type { CalendarReader } from '../../server/src/calendar/needs.ts'
import { readConfig } from '../../server/src/config/config.ts'
import type { Carrier } from '../../server/src/core/effects/carrier.ts'
import { parentFault } from '../../server/src/core/faults.ts'
import type { FindParent } from '../../server/src/core/parent.ts'
import type { MailToKeep } from '../../server/src/delivery/mail/kept-mail.ts'
import { createMailCarrier } from '../../server/src/delivery/mail/mail-carrier.ts'
import { Engine } from '../../server/src/engine/engine.ts'
import { loadMetrics } from '../../server/src/http/metrics.ts'
import { createHttp } from '../../server/src/http/server.ts'
import { createReader, type ReaderOptions } from '../../server/src/reader/reader.ts'
import type { Database } from '../../server/src/store/database.ts'
import { Arrivals } from '../support/arrivals.ts'
import { testDatabase } from '../support/database.ts'

export const TENANT = 'contoso'
export const ALICE = '11111111-1111-4111-8111-111111111111'
export const BOB = '22222222-2222-4222-8222-222222222222'
export const CAROL = '33333333-3333-4333-8333-333333333333'
export const PROJECT_X = '44444444-4444-4444-8444-444444444444'
export const MALLORY = '55555555-5555-4555-8555-555555555555'
export const DEMO_APP = '66666666-6666-4666-8666-666666666666'
export const POOR_APP = '77777777-7777-4777-8777-777777777777'
export const PAT = '88888888-8888-4888-8888-888888888888'

const PEOPLE = [
  [ALICE, TENANT, 'alice@contoso.example', 'Alice'],
  [BOB, TENANT, 'bob@contoso.example', 'Bob'],
  [CAROL, TENANT, 'carol@contoso.example', 'Carol'],
  [MALLORY, 'fabrikam', 'mallory@fabrikam.example', 'Mallory'],
  [PAT, 'personal', 'pat@outlook.example', 'Pat'],
]

export type Json = { readonly [name: string]: unknown }

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; empty for no body. */
  readonly json: Json
}

export type Ask = {
  readonly body?: unknown
  /** Sent as it is, instead of `body`. */
  readonly raw?: string
  readonly headers?: { readonly [name: string]: string }
}

export type CalendarServer = AsyncDisposable & {
  readonly url: string
  readonly tlsUrl: string
  readonly certificateFile: string
  readonly calendar: Calendar
  readonly engine: Engine
  readonly db: Database
  /** HTML bodies that were given to the reader, in order. */
  readonly read: Arrivals<string>
  /** Mail that was kept, in order. */
  readonly mails: Arrivals<MailToKeep>
  /** The first `count` mails with that subject. */
  mailed(subject: string, count: number): Promise<readonly MailToKeep[]>
  /** Runs of that kind that have come to an end. */
  ran(kind: string, count: number): Promise<void>
  token(who: string, scopes?: readonly string[]): Promise<string>
  /** `who`: a user's or an app's id; `path` with its version: 'POST /v1.0/me/events'. */
  as(who: string, scopes?: readonly string[]): (call: string, ask?: Ask) => Promise<Reply>
}

export type CalendarServerOptions = {
  /** Nothing that is due is run, so that a test can cancel what has not begun. */
  readonly idle?: boolean
  /** HTTPS too. */
  readonly tls?: boolean
  /** How HTML bodies are read. */
  readonly reader?: ReaderOptions
}

export async function calendarServer(options: CalendarServerOptions = {}): Promise<CalendarServer> {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await testDatabase())
  const { db } = database
  const dataDir = await mkdtemp(join(tmpdir(), 'standdown-calendar-'))
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))
  const config = {
    ...readConfig(
      { PORT: '0', TLS_PORT: options.tls ? '0' : 'off', DATA_DIR: dataDir, DEMO: 'off' },
      dataDir,
    ),
    logLevel: 'silent' as const,
  }
  const now = () => new Date()
  const random = (bytes: number) => randomBytes(bytes)
  await declare(db)
  const http = createHttp({ metrics: await loadMetrics(), config, now })
  stack.defer(() => http.close(0))
  const publicUrl = () => http.publicUrl()
  const auth = await createAuth({
    db,
    config,
    now,
    random,
    publicUrl: () => http.publicUrl(),
    ownOrigins: () => new Set(),
  })
  const engine = new Engine({ db, random })
  const mails = new Arrivals<MailToKeep>()
  const read = new Arrivals<string>()
  const strangers = createReader({
    restTimes: 0,
    niceness: 0,
    // However slow this machine is, nobody waits in vain, unless the test is about that.
    waitMs: 600_000,
    startMs: 300_000,
    ...options.reader,
  })
  stack.defer(() => strangers.stop())
  const reader: CalendarReader = {
    read(job, html, owner) {
      read.add(html)
      return strangers.read(job, html, owner)
    },
  }
  const calendar = createCalendar({ db, engine, reader, directory: auth.directory, now, random })
  const mail = createMailCarrier({
    smtpUrl: null,
    keep: async kept => mails.add(kept),
    now,
    domains: async tenant => (await auth.directory.tenant(tenant))?.domains ?? [],
  })
  stack.defer(() => mail.close())
  const runs = new Map<string, Arrivals<string>>()
  const runsOf = (kind: string) => getOrMake(runs, kind)
  const carriers: readonly Carrier[] = [...calendar.carriers, mail as Carrier]
  engine.register({
    carriers: carriers.map(carrier => watched(carrier, id => runsOf(carrier.kind).add(id))),
    domains: [calendar.domain],
  })
  await calendar.provision(TENANT, [
    { user: 'alice@contoso.example', calendarGroups: [{ name: 'Projects', calendars: ['Project plans'] }] },
  ])
  // Who may use what is tried on a whole server (tests/native/join.test.ts); here nothing can be a parent.
  const findParent: FindParent = async (_principal, { id }) => {
    throw parentFault.PARENT_NOT_FOUND({ id })
  }
  await http.app.register(graphApi({ calendar, auth, directory: auth.directory, findParent, publicUrl, now }))
  await http.listen()
  if (!options.idle) await engine.start()
  stack.defer(() => engine.stop())
  const tokens = new Map<string, Promise<string>>()
  const token = (who: string, scopes?: readonly string[]) => {
    const key = `${who} ${scopes?.join() ?? '*'}`
    const known = tokens.get(key) ?? mint(auth, who, scopes)
    tokens.set(key, known)
    return known
  }
  const owned = stack.move()
  return {
    url: http.publicUrl(),
    tlsUrl: http.tlsUrl() ?? '',
    certificateFile: http.certificateFile() ?? '',
    calendar,
    engine,
    db,
    read,
    mails,
    async mailed(subject, count) {
      for (;;) {
        const found = mails.all.filter(kept => kept.subject === subject)
        if (found.length >= count) return found
        await mails.arrived(mails.all.length + 1)
      }
    },
    ran: async (kind, count) => void (await runsOf(kind).arrived(count)),
    token,
    as: (who, scopes) => async (call, ask) =>
      await ask_(http.publicUrl(), await token(who, scopes), call, ask),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function getOrMake(runs: Map<string, Arrivals<string>>, kind: string): Arrivals<string> {
  const known = runs.get(kind) ?? new Arrivals<string>()
  runs.set(kind, known)
  return known
}

function watched(carrier: Carrier, ended: (id: string) => void): Carrier {
  return {
    ...carrier,
    async run(effect, signal) {
      const verdict = await carrier.run(effect, signal)
      ended(effect.id)
      return verdict
    },
  }
}

async function mint(auth: Awaited<ReturnType<typeof createAuth>>, who: string, scopes?: readonly string[]) {
  const person = PEOPLE.find(([id]) => id === who)
  const token = person
    ? await auth.mintToken({ tenant: person[1] ?? '', for: { person: who }, scopes })
    : await auth.mintToken({ tenant: TENANT, for: { app: who }, scopes })
  return token.token
}

async function ask_(url: string, token: string, call: string, ask: Ask = {}): Promise<Reply> {
  const [method = 'GET', path = '/'] = call.split(' ')
  const body = ask.raw ?? (ask.body === undefined ? undefined : JSON.stringify(ask.body))
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...ask.headers,
    },
    body,
  })
  const text = await response.text()
  const isJson = (response.headers.get('content-type') ?? '').includes('json')
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as Json) : {},
  }
}

async function declare(db: Database): Promise<void> {
  const run = (text: string, values: readonly unknown[]) => db.query({ text }, values)
  for (const [id, sandbox] of [
    [TENANT, true],
    ['fabrikam', false],
    ['personal', false],
  ] as const) {
    await run('insert into auth.tenant (id, name, consumers) values ($1, $1, $2)', [id, id === 'personal'])
    await run('insert into engine.tenant (id, sandbox) values ($1, $2)', [id, sandbox])
  }
  await run("insert into auth.tenant_domain (domain, tenant) values ('contoso.example', 'contoso')", [])
  for (const person of PEOPLE)
    await run('insert into auth.person (id, tenant, upn, mail, name) values ($1, $2, $3, $3, $4)', person)
  await run('insert into auth.team (id, tenant, name, mail) values ($1, $2, $3, $4)', [
    PROJECT_X,
    TENANT,
    'project-x',
    'project-x@contoso.example',
  ])
  for (const member of [ALICE, BOB])
    await run('insert into auth.team_member (tenant, team_id, person_id) values ($1, $2, $3)', [
      TENANT,
      PROJECT_X,
      member,
    ])
  await run('insert into auth.app (id, tenant, name, scopes) values ($1, $2, $3, $4)', [
    DEMO_APP,
    TENANT,
    'demo-app',
    ['Calendars.ReadWrite', 'Mail.Read'],
  ])
  await run('insert into auth.app (id, tenant, name, scopes) values ($1, $2, $3, $4)', [
    POOR_APP,
    TENANT,
    'poor-app',
    ['Receipts.Read'],
  ])
}
