// The part of the engine that offers need, and the parts of the server that every verb of this room works with.

import type { CancelOutcome, CancelRequest, Receipt } from '../core/cancellation.ts'
import type { NewEffect, Verdict } from '../core/effects/effect.ts'
import type { Announced, Announcement } from '../core/event.ts'
import type { Random } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import type { Known, KnownRequest } from '../engine/cancel/known-names.ts'
import type { TenantQueue, TenantQueueOptions } from '../engine/tenant-queue.ts'
import type { Database, Tx } from '../store/database.ts'
import type { ScreenHints } from './screen-hints.ts'

export interface OfferEngine {
  tenantQueue(queue: string, options?: TenantQueueOptions): TenantQueue
  announce(tx: Tx, announcements: readonly Announcement[]): Promise<readonly Announced[]>
  revise(
    tx: Tx,
    revision: { readonly tenant: string; readonly eventId: string; readonly effects: readonly NewEffect[] },
  ): Promise<
    | { readonly is: 'revised'; readonly effectIds: readonly string[] }
    | { readonly is: 'cancelled'; readonly cancellationId: string | null }
    | { readonly is: 'unknown' }
  >
  cancel(request: CancelRequest): Promise<CancelOutcome>
  /** Those of the names by which something is known. */
  known(request: KnownRequest): Promise<readonly Known[]>
  end(
    tx: Tx,
    ends: readonly {
      readonly tenant: string
      readonly effectId: string
      readonly verdict: Verdict
      /** Left out: whichever start the effect has. */
      readonly startId?: string
    }[],
  ): Promise<readonly ('ended' | 'gone')[]>
  /** The effect of this start now ends from outside; false: it has another start by now. Its event is locked. */
  detachEffect(
    tx: Tx,
    what: { readonly effectId: string; readonly startId: string; readonly evidence: JsonObject },
  ): Promise<boolean>
  findReceipts(
    tenant: string,
    by: { readonly keys: readonly string[]; readonly limit?: number },
  ): Promise<readonly Receipt[]>
  /** The tenant's clock. */
  now(tenant: string): Promise<Date>
}

export type NotificationParts = {
  readonly db: Database
  readonly engine: OfferEngine
  readonly hints: ScreenHints
  /** For ids only; every decision takes the tenant's clock from the engine. */
  readonly now: () => Date
  readonly random: Random
  /** Origin of the demonstration soft-phone; null while there is none. */
  readonly softphoneOrigin: () => string | null
}
