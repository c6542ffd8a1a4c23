// What the calendar needs of other rooms, and no more than it uses. compose provides the implementations.

import type { CancelOutcome, CancelRequest } from '../core/cancellation.ts'
import type { Announced, Announcement } from '../core/event.ts'
import type { Random } from '../core/ids.ts'
import type { TenantQueue, TenantQueueOptions } from '../engine/tenant-queue.ts'
import type { Database, Tx } from '../store/database.ts'

/** A user of the tenant. `id` is a GUID; `mail` is where invitations go. */
export type CalendarUser = {
  readonly id: string
  readonly upn: string
  readonly name: string
  readonly mail: string
}

/** A group with a calendar of its own. */
export type CalendarTeam = { readonly id: string; readonly name: string; readonly mail: string }

export interface CalendarDirectory {
  user(tenant: string, idOrUpn: string): Promise<CalendarUser | null>
  users(tenant: string): Promise<readonly CalendarUser[]>
  userByMail(tenant: string, mail: string): Promise<CalendarUser | null>
  group(tenant: string, id: string): Promise<CalendarTeam | null>
  groups(tenant: string): Promise<readonly CalendarTeam[]>
  groupsOf(tenant: string, userId: string): Promise<readonly CalendarTeam[]>
}

export interface CalendarEngine {
  announce(tx: Tx, announcements: readonly Announcement[]): Promise<readonly Announced[]>
  cancel(request: CancelRequest): Promise<CancelOutcome>
  now(tenant: string): Promise<Date>
  tenantQueue(queue: string, options?: TenantQueueOptions): TenantQueue
}

/** Reads what organizers write, in a separate process, where it can do no harm. */
export interface CalendarReader {
  /**
   * Text, and HTML that is fit for a mail. `tenant`: texts of different tenants take turns.
   * @throws Fault with status 400 for what cannot be read; ReaderUnavailable
   */
  read(job: 'html', html: string, tenant: string): Promise<{ readonly text: string; readonly html: string }>
}

export type CalendarNeeds = {
  readonly db: Database
  readonly engine: CalendarEngine
  readonly reader: CalendarReader
  readonly directory: CalendarDirectory
  readonly now: () => Date
  readonly random: Random
}
