// Every room of a server, once it is wired.

import type { Auth } from '../auth/auth.ts'
import type { Automations } from '../automations/automations.ts'
import type { Calendar } from '../calendar/calendar.ts'
import type { Engine } from '../engine/engine.ts'
import type { Http } from '../http/server.ts'
import type { Notifications } from '../notifications/notifications.ts'
import type { createReader } from '../reader/reader.ts'
import type { Delivery } from './wire-delivery.ts'
import type { WorkspaceApply } from './workspace/workspace-apply.ts'
import type { createWorkspaceReader } from './workspace/workspace-reader.ts'

/** Every room, wired: what the APIs, the figures and the maintenance jobs are given. */
export type Rooms = Readers & {
  readonly http: Http
  readonly auth: Auth
  readonly engine: Engine
  readonly delivery: Delivery
  readonly calendar: Calendar
  readonly automations: Automations
  readonly notifications: Notifications
  readonly workspace: WorkspaceApply
}

/** The reading processes: one for bodies in HTML, one for workspace files. */
type Readers = {
  readonly reader: ReturnType<typeof createReader>
  readonly workspaceReader: ReturnType<typeof createWorkspaceReader>
}
