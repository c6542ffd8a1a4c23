// What applying a workspace file needs, and how it is asked for.

import type { Auth } from '../../auth/auth.ts'
import type { Automations } from '../../automations/automations.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import type { Random } from '../../core/ids.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Notifications } from '../../notifications/notifications.ts'
import type { Database } from '../../store/database.ts'
import type { Variables } from '../../workspace/text.ts'
import type { PendingPolicy } from './workspace-pending.ts'
import type { WorkspaceReader } from './workspace-reader.ts'

export type WorkspaceApplyNeeds = {
  readonly db: Database
  readonly engine: Engine
  readonly auth: Auth
  readonly calendar: Calendar
  readonly automations: Automations
  readonly notifications: Notifications
  /** The reading process: a file that somebody sends may be hostile. */
  readonly reader: Pick<WorkspaceReader, 'read'>
  readonly random: Random
  /** Fills `${PUBLIC_URL}` and the like in the file. */
  readonly variables: () => Variables
}

export type ApplyOptions = {
  /** false: reports what would change, and changes nothing. */
  readonly apply: boolean
  /** Removes what the file leaves out, instead of refusing it. */
  readonly prune?: boolean
  /** What happens with pending work of what is removed. Left out: a file that removes something with pending work is refused. */
  readonly pending?: PendingPolicy
  /** Marks the tenants as the demo's. */
  readonly demo?: boolean
  readonly variables?: Variables
  /** For a tenant's admin: the file may hold only this tenant, and may not change its settings. */
  readonly onlyTenant?: string
}
