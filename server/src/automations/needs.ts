// What this room needs from other rooms, and no more of them than it uses.

import type { CancelOutcome, CancelRequest } from '../core/cancellation.ts'
import type { Announced, Announcement } from '../core/event.ts'
import type { Random } from '../core/ids.ts'
import type { TenantQueue, TenantQueueOptions } from '../engine/tenant-queue.ts'
import type { Database, Tx } from '../store/database.ts'

export type Engine = {
  announce(tx: Tx, announcements: readonly Announcement[]): Promise<readonly Announced[]>
  cancel(request: CancelRequest): Promise<CancelOutcome>
  /** The tenant's clock. */
  now(tenant: string): Promise<Date>
  tenantQueue(queue: string, options?: TenantQueueOptions): TenantQueue
}

export type Needs = {
  readonly db: Database
  readonly engine: Engine
  /** Only for the order of ids. Due times are counted on the tenant's clock, which the engine knows. */
  readonly now: () => Date
  readonly random: Random
  /** Reports that may wait for a batch. Default 10,000. */
  readonly maxQueue?: number
}

/** The app that calls, and its site. Its rights have been checked. */
export type CallingApp = {
  readonly tenant: string
  readonly appId: string
  /** The site instance that its token is bound to. */
  readonly site: string
  /** Stable name of the credential (I5), and its name for people. */
  readonly principal: string
  readonly name: string
}
