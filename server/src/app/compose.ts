// The only file that names every concrete part. Reading it from top to bottom is reading what the server is made of.

import { hostname } from 'node:os'
import { automationsApi } from '../apis/automations/automations-api.ts'
import { AUTOMATIONS_OPENAPI } from '../apis/automations/openapi.ts'
import { graphApi } from '../apis/graph/graph-api.ts'
import { GRAPH_OPENAPI } from '../apis/graph/openapi.ts'
import { childCarriers } from '../apis/native/effects/child-carriers.ts'
import { delayCarrier, nativeDomain } from '../apis/native/effects/native-domain.ts'
import { createEventFinder } from '../apis/native/events/event-finder.ts'
import { createPersonMeetings } from '../apis/native/events/person-meetings.ts'
import { createNameFinder } from '../apis/native/name-finder.ts'
import { NATIVE_OPENAPI, nativeApi } from '../apis/native/native-api.ts'
import type { NativeNeeds } from '../apis/native/needs.ts'
import { problemPage } from '../apis/native/pages/problem-page.ts'
import { wantsPage } from '../apis/native/pages/send-page.ts'
import { createReceiptFinder } from '../apis/native/receipts/receipt-finder.ts'
import { notificationsApi } from '../apis/notifications/notifications-api.ts'
import { NOTIFICATIONS_OPENAPI } from '../apis/notifications/openapi.ts'
import { metricsReaders } from '../apis/operations/metrics-readers.ts'
import { createOperations } from '../apis/operations/operations.ts'
import { startPages } from '../apis/operations/page-routes.ts'
import { recordRefusedCredentials } from '../apis/sign-in/refused-credentials.ts'
import { tokenRoutes } from '../apis/sign-in/sign-in.ts'
import { type Auth, createAuth } from '../auth/auth.ts'
import { SecurityLog } from '../auth/security-log.ts'
import { createAutomations } from '../automations/automations.ts'
import { createCalendar } from '../calendar/calendar.ts'
import type { Config } from '../config/config.ts'
import { Fault } from '../core/fault.ts'
import type { Random } from '../core/ids.ts'
import { FailingReceivers, type FailingReceiversOptions } from '../delivery/failing-receivers.ts'
import { createKeptMail } from '../delivery/mail/kept-mail.ts'
import { createMailCarrier } from '../delivery/mail/mail-carrier.ts'
import { createMailStore } from '../delivery/mail/mail-store.ts'
import { createWebhookCarriers } from '../delivery/webhook/webhook-carriers.ts'
import { createWebhookSecrets } from '../delivery/webhook/webhook-secrets.ts'
import { Engine } from '../engine/engine.ts'
import type { RunnerOptions } from '../engine/run/runner.ts'
import { securityLines } from '../http/log.ts'
import type { Metrics } from '../http/metrics.ts'
import { problemOf } from '../http/problem-of.ts'
import { CSP_PAGE } from '../http/security-headers.ts'
import { createHttp, type Http } from '../http/server.ts'
import { createNotifications } from '../notifications/notifications.ts'
import type { OpenDatabase } from '../postgres/open-database.ts'
import { createReader } from '../reader/reader.ts'
import { checkWrites } from '../store/check-writes.ts'
import { isUnavailable } from '../store/database.ts'
import { checkSchema } from '../store/migrate.ts'
import { knownMigrations } from '../store/migrations.ts'
import { showFigures, watchEngine } from './figures.ts'
import { choresOf, Housekeeping } from './housekeeping.ts'
import { VERSION } from './version.ts'
import { logHealth, watchReceivers } from './watch-receivers.ts'
import { createWorkspaceApply, type WorkspaceApply } from './workspace/workspace-apply.ts'
import { createWorkspaceReader } from './workspace/workspace-reader.ts'

/** What the database has for one question of /readyz, and for its figures, which may have to be read from disk. */
const PROBE_WITHIN_MS = 1000
const FIGURES_WITHIN_MS = 5000

export type ComposeNeeds = {
  readonly config: Config
  readonly database: OpenDatabase
  readonly now: () => Date
  readonly random: Random
  readonly metrics: Metrics
  /** Where log lines go. Default: standard output. */
  readonly logStream?: { write(line: string): void }
  readonly runner?: RunnerOptions
  /** Callers that may wait for a batch of one verb; beyond, 503. Default 10,000. */
  readonly maxQueue?: number
  /** How the watch over failing receivers tells the time; tests only. */
  readonly receivers?: Partial<Pick<FailingReceiversOptions, 'clock' | 'nowMs' | 'everyMs'>>
  /** Origin of the demo soft-phone, once it listens; null: none. */
  readonly softphoneOrigin: () => string | null
}

/** The server, put together and not yet listening. */
export type Server = {
  readonly http: Http
  readonly auth: Auth
  readonly engine: Engine
  readonly workspace: WorkspaceApply
  /** Listens, then begins to run what is due. */
  start(): Promise<void>
  /** Takes nothing new, lets what runs end, gives the rest back. */
  stop(): Promise<void>
}

export async function compose(needs: ComposeNeeds): Promise<Server> {
  const { config, now, random } = needs
  const { db } = needs.database
  let auth: Auth | null = null
  const { metrics } = needs
  const http = createHttp({
    metrics,
    config,
    now,
    logStream: needs.logStream,
    version: VERSION,
    descriptions: [NATIVE_OPENAPI, GRAPH_OPENAPI, AUTOMATIONS_OPENAPI, NOTIFICATIONS_OPENAPI],
    demo: () => auth?.demo ?? false,
    problemPage: (request, problem) => (wantsPage(request) ? problemPage(problem, request.url) : null),
    mayReadMetrics: async request => auth !== null && metricsReaders(auth)(request),
  })
  const securityLog = new SecurityLog({ write: securityLines(http.app.log, config.logLevel), now })
  recordRefusedCredentials(http.app, securityLog)
  auth = await createAuth({
    db,
    config,
    now,
    random,
    publicUrl: () => urlOrNull(http),
    ownOrigins: () => http.ownOrigins(),
    securityLog,
    errorPage: ({ status, code, detail }) => {
      const problem = problemOf(new Fault(code, status, detail))
      return { text: problemPage(problem, '/').toString(), policy: CSP_PAGE }
    },
  })
  const { directory } = auth
  const publicUrl = () => http.publicUrl()

  const engine: Engine = new Engine({
    db,
    random,
    maxQueue: needs.maxQueue,
    watch: watchEngine(metrics, () => engine.kinds),
    runner: {
      leaseMs: config.leaseMs,
      beatMs: Math.min(1000, config.leaseMs / 5),
      ...needs.runner,
      host: hostname(),
      pid: process.pid,
      onError: (where, error) => http.app.log.error({ where, err: error }, 'engine'),
    },
  })

  const receivers = new FailingReceivers({
    db,
    nowMs: () => now().getTime(),
    onChange: change => logHealth(http.app.log, change),
    onError: error => {
      if (!isUnavailable(error)) http.app.log.error({ err: error }, 'receivers')
    },
    ...needs.receivers,
  })
  watchReceivers(http, receivers)

  const mailStore = createMailStore(db)
  const keptMail = createKeptMail(mailStore)
  const mail = createMailCarrier({
    smtpUrl: config.smtpUrl,
    mailFrom: config.mailFrom,
    // Kept mail is shown on the tenant's clock, which runs ahead in a sandbox.
    keep: async kept => mailStore.keep({ ...kept, at: await engine.now(kept.tenant) }),
    now,
    domains: async tenant => (await directory.tenant(tenant))?.domains ?? [],
    observe: (receiver, health) => receivers.observe({ tenant: '', kind: 'mail', receiver }, health),
  })
  const secrets = createWebhookSecrets({ db, random })
  const webhooks = createWebhookCarriers({
    secretFor: (tenant, ref) => secrets.secretFor(tenant, ref),
    allowed: async tenant => (await directory.tenant(tenant))?.webhookAllow ?? [],
    now,
    observe: (tenant, receiver, health) => receivers.observe({ tenant, kind: 'webhook', receiver }, health),
  })

  const reader = createReader()
  const workspaceReader = createWorkspaceReader()
  const calendar = createCalendar({ db, engine, reader, directory, now, random })
  const automations = createAutomations({
    db,
    engine,
    now,
    random,
    maxQueue: needs.maxQueue,
  })
  const notifications = createNotifications({
    db,
    engine,
    now,
    random,
    softphoneOrigin: needs.softphoneOrigin,
  })
  engine.register({
    carriers: [
      mail,
      ...webhooks.carriers,
      ...calendar.carriers,
      ...automations.carriers,
      ...notifications.carriers,
      delayCarrier,
      ...childCarriers({ engine, directory, notifications, calendar }),
    ],
    domains: [calendar.domain, automations.domain, notifications.domain, nativeDomain],
  })
  const workspace = createWorkspaceApply({
    db,
    engine,
    auth,
    calendar,
    automations,
    notifications,
    reader: workspaceReader,
    random,
    variables: () => ({ PUBLIC_URL: publicUrl() }),
  })

  const names = createNameFinder({ directory, notifications })
  const events = createEventFinder({ engine, calendar, directory })
  const { findParent } = events
  const native: NativeNeeds = {
    db,
    engine,
    auth,
    names,
    events,
    effects: { directory, notifications },
    longAnswers: http.longAnswers,
    find: createReceiptFinder({ engine, directory, notifications, names, events }),
    meetings: createPersonMeetings({ directory, calendar }),
    appIdOf: async (tenant, nameOrId) => (await directory.app(tenant, nameOrId))?.id ?? null,
    mail: keptMail,
    webhookSecrets: secrets,
    failingReceivers: tenant => receivers.list(tenant),
    facts: {
      version: VERSION,
      get publicUrl() {
        return publicUrl()
      },
      get tlsUrl() {
        return http.tlsUrl()
      },
      database: needs.database.kind === 'embedded' ? 'embedded PostgreSQL' : 'PostgreSQL of DATABASE_URL',
      mail: config.smtpUrl === null ? 'kept and shown here' : `sent through ${new URL(config.smtpUrl).host}`,
      demo: auth.demo,
      isSandbox: async tenant => (await directory.tenant(tenant))?.sandbox ?? false,
    },
    workspace: (principal, text, options) => workspace.forPrincipal(principal, text, options),
  }
  const { app } = http
  await app.register(tokenRoutes({ auth, openApi: http.openApi }))
  await app.register(graphApi({ calendar, auth, directory, findParent, publicUrl, now }))
  await app.register(
    automationsApi({
      automations,
      auth,
      findParent,
      rateLimit: {
        keeps: async tenant => (await directory.tenant(tenant))?.rateLimits.includes('wix') ?? false,
        now,
      },
    }),
  )
  await app.register(
    notificationsApi({
      notifications,
      auth,
      directory,
      findParent,
      publicUrl,
      signInUrl: returnTo => `/signin?return_to=${encodeURIComponent(returnTo)}`,
      now,
      longAnswers: http.longAnswers,
    }),
  )
  await app.register(nativeApi(native, createOperations(auth)))
  await app.register(startPages(native, http.openApi))

  // Not read again at every look.
  const migrations = knownMigrations()
  const reads = db.reserve(PROBE_WITHIN_MS)
  http.ready('database', () => checkSchema(reads, migrations))
  const writes = db.reserve(PROBE_WITHIN_MS)
  http.ready('writes', () => checkWrites(writes))
  http.ready('wake loop', async () => {
    // It goes round at least once a minute.
    if (engine.loopAgeMs() > 90_000) throw new Error('WakeLoopStuck')
  })
  http.warn('hold', async () => {
    const hold = await engine.hold('')
    return hold && `on hold since ${hold.since.toISOString()}`
  })
  const figures = db.reserve(FIGURES_WITHIN_MS)
  showFigures(metrics, {
    running: () => engine.runningCount,
    queues: () => ({ ...engine.queues, ...automations.queues() }),
    pool: () => db.poolFigures,
    backlog: () => engine.backlog(figures),
    kinds: () => engine.kinds,
    nowMs: () => performance.now(),
  })
  const swept = metrics.counter({
    name: 'standdown_swept_total',
    help: 'What was deleted because nobody needs it any more.',
    labels: ['what'],
  })
  const housekeeping = new Housekeeping({
    chores: choresOf({
      engine,
      mail: mailStore,
      webhookSecrets: secrets,
      auth,
      retentionMs: config.retentionMs,
    }),
    onGone: (chore, gone) => {
      for (const [what, count] of Object.entries(gone)) swept.add({ what }, count)
      http.app.log.info({ chore, gone }, 'swept')
    },
    onError: (chore, error) => {
      // That the database is away is said elsewhere; the chore waits for the next round.
      if (!isUnavailable(error)) http.app.log.error({ chore, err: error }, 'sweep')
    },
  })

  return {
    http,
    auth,
    engine,
    workspace,
    async start() {
      metrics.watchProcess()
      await http.listen()
      await engine.start()
      const hold = await engine.hold('')
      if (hold) http.app.log.warn({ hold }, 'on hold: nothing is started before it is released')
      housekeeping.start()
      receivers.start()
    },
    async stop() {
      const swept = housekeeping.stop()
      // What runs, and what callers wait for, have their time to end side by side: a stop takes less than ten seconds.
      const ran = engine.stopRunning()
      // Before HTTP, which waits for its connections: open streams end here.
      await notifications.stop()
      await http.close()
      // After HTTP: what is being read for a request that is under way may come to its end.
      await Promise.all([reader.stop(), workspaceReader.stop()])
      await Promise.all([swept, ran])
      await engine.stop()
      await receivers.stop()
      mail.close()
      webhooks.close()
    },
  }
}

function urlOrNull(http: Http): string | null {
  try {
    return http.publicUrl()
  } catch {
    return null
  }
}
