// Wires the APIs: every route of the server, each with the rooms that it translates for.

import { automationsApi } from '../apis/automations/automations-api.ts'
import { graphApi } from '../apis/graph/graph-api.ts'
import { createEventFinder } from '../apis/native/events/event-finder.ts'
import { createPersonMeetings } from '../apis/native/events/person-meetings.ts'
import { createNameFinder } from '../apis/native/name-finder.ts'
import { nativeApi } from '../apis/native/native-api.ts'
import type { NativeNeeds } from '../apis/native/needs.ts'
import { createReceiptFinder } from '../apis/native/receipts/receipt-finder.ts'
import { notificationsApi } from '../apis/notifications/notifications-api.ts'
import { createOperations } from '../apis/operations/operations.ts'
import { startPages } from '../apis/operations/page-routes.ts'
import { tokenRoutes } from '../apis/sign-in/sign-in.ts'
import type { ComposeNeeds } from './compose-needs.ts'
import type { Rooms } from './rooms.ts'
import { VERSION } from './version.ts'

export async function wireApis(needs: ComposeNeeds, rooms: Rooms): Promise<void> {
  const { now } = needs
  const { http, auth, calendar, automations, notifications } = rooms
  const { directory } = auth
  const publicUrl = () => http.publicUrl()
  const native = nativeNeeds(needs, rooms)
  const { findParent } = native.events
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
      longResponses: http.longResponses,
    }),
  )
  await app.register(nativeApi(native, createOperations(auth)))
  await app.register(startPages(native, http.openApi))
}

/** The native API shows every room's work, so it is handed something of each. */
function nativeNeeds(needs: ComposeNeeds, rooms: Rooms): NativeNeeds {
  const { http, auth, engine, delivery, calendar, notifications, workspace } = rooms
  const { directory } = auth
  const names = createNameFinder({ directory, notifications })
  const events = createEventFinder({ engine, calendar, directory })
  return {
    db: needs.database.db,
    engine,
    auth,
    names,
    events,
    effects: { directory, notifications },
    longResponses: http.longResponses,
    receiptFinder: createReceiptFinder({ engine, directory, notifications, names, events }),
    meetings: createPersonMeetings({ directory, calendar }),
    appIdOf: async (tenant, nameOrId) => (await directory.app(tenant, nameOrId))?.id ?? null,
    mail: delivery.keptMail,
    webhookSecrets: delivery.secrets,
    failingReceivers: tenant => delivery.receivers.list(tenant),
    facts: serverFacts(needs, rooms),
    workspace: (principal, text, options) => workspace.forPrincipal(principal, text, options),
  }
}

function serverFacts({ config, database }: ComposeNeeds, { http, auth }: Rooms): NativeNeeds['facts'] {
  return {
    version: VERSION,
    get publicUrl() {
      return http.publicUrl()
    },
    get tlsUrl() {
      return http.tlsUrl()
    },
    database: database.kind === 'embedded' ? 'embedded PostgreSQL' : 'PostgreSQL of DATABASE_URL',
    mail: config.smtpUrl === null ? 'kept and shown here' : `sent through ${new URL(config.smtpUrl).host}`,
    demo: auth.demo,
    isSandbox: async tenant => (await auth.directory.tenant(tenant))?.sandbox ?? false,
  }
}
