// Puts the server together. This file and the wire-*.ts files beside it are the only ones that name every
// concrete part: read `compose` from top to bottom to see what the server is made of, and a wire-*.ts file to
// see what one room is given. They connect rooms and must not decide anything: a rule belongs to the room
// that it is about.

import { childCarriers } from '../apis/native/effects/child-carriers.ts'
import { delayCarrier, nativeDomain } from '../apis/native/native-domain.ts'
import type { Auth } from '../auth/auth.ts'
import { createAutomations } from '../automations/automations.ts'
import { createCalendar } from '../calendar/calendar.ts'
import type { Engine } from '../engine/engine.ts'
import type { Http } from '../http/server.ts'
import { createNotifications } from '../notifications/notifications.ts'
import { createReader } from '../reader/reader.ts'
import type { ComposeNeeds } from './compose-needs.ts'
import type { Maintenance } from './maintenance.ts'
import type { Rooms } from './rooms.ts'
import { wireApis } from './wire-apis.ts'
import { wireDelivery } from './wire-delivery.ts'
import { wireEngine } from './wire-engine.ts'
import { wireFigures, wireReadiness } from './wire-health.ts'
import { wireHttp } from './wire-http.ts'
import { wireMaintenance } from './wire-maintenance.ts'
import { createWorkspaceApply, type WorkspaceApply } from './workspace/workspace-apply.ts'
import { createWorkspaceReader } from './workspace/workspace-reader.ts'

/** The server, put together and not yet listening. */
export type Server = {
  readonly http: Http
  readonly auth: Auth
  readonly engine: Engine
  readonly workspace: WorkspaceApply
  /** Listens, then begins to run what is due. */
  start(): Promise<void>
  /** Takes nothing new, lets what is running end, and gives the rest back to other processes. */
  stop(): Promise<void>
}

export async function compose(needs: ComposeNeeds): Promise<Server> {
  const { http, auth } = await wireHttp(needs)
  const { directory } = auth
  const engine = wireEngine(needs, http)
  const delivery = wireDelivery(needs, { http, engine, directory })
  const readers = { reader: createReader(), workspaceReader: createWorkspaceReader() }

  const { now, random, maxQueue, softphoneOrigin } = needs
  const { db } = needs.database
  const calendar = createCalendar({ db, engine, reader: readers.reader, directory, now, random })
  const automations = createAutomations({ db, engine, now, random, maxQueue })
  const notifications = createNotifications({ db, engine, now, random, softphoneOrigin })
  engine.register({
    carriers: [
      delivery.mail,
      ...delivery.webhooks.carriers,
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
    reader: readers.workspaceReader,
    random,
    variables: () => ({ PUBLIC_URL: http.publicUrl() }),
  })
  const rooms = { http, auth, engine, delivery, ...readers, calendar, automations, notifications, workspace }
  await wireApis(needs, rooms)
  wireReadiness(needs, rooms)
  wireFigures(needs, rooms)
  const maintenance = wireMaintenance(needs, rooms)
  return {
    http,
    auth,
    engine,
    workspace,
    start: () => start(rooms, maintenance),
    stop: () => stop(rooms, maintenance),
  }
}

async function start({ http, engine, delivery }: Rooms, maintenance: Maintenance): Promise<void> {
  http.metrics.watchProcess()
  await http.listen()
  await engine.start()
  const hold = await engine.hold('')
  if (hold) http.app.log.warn({ hold }, 'on hold: nothing is started before it is released')
  maintenance.start()
  delivery.receivers.start()
}

async function stop(rooms: Rooms, maintenance: Maintenance): Promise<void> {
  const { http, engine, delivery, notifications, reader, workspaceReader } = rooms
  const swept = maintenance.stop()
  // Running effects and waiting callers are given their time side by side, so that a stop takes less than ten seconds.
  const ran = engine.stopRunning()
  // Before HTTP, which waits for its connections: open streams end here.
  await notifications.stop()
  await http.close()
  // After HTTP: a request that is under way may still have a text read.
  await Promise.all([reader.stop(), workspaceReader.stop()])
  await Promise.all([swept, ran])
  await engine.stop()
  await delivery.receivers.stop()
  delivery.mail.close()
  delivery.webhooks.close()
}
