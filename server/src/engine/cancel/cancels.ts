// How requests to cancel reach the database: batched, and by the faster of two paths that can take them.
//
//   fast path     cancel-plain.ts: one statement that decides before it writes; takes what is simple
//   general path  cancel.ts: one transaction of several statements
//   huge trees    open-cancel/cancel-open.ts: a request that is too large for one transaction

import type { Cancelled, CancelOutcome, CancelRequest } from '../../core/cancellation.ts'
import { DatabaseOverloaded, isUniqueViolation } from '../../store/database.ts'
import { Batcher, MAX_WAITING, Overloaded, type Queue } from '../batcher.ts'
import type { Context } from '../context.ts'
import { shareLeft } from '../fair-share.ts'
import { openCancellation } from '../open-cancel/cancel-open.ts'
import { cancelBatch } from './cancel.ts'
import { cancelPlain } from './cancel-plain.ts'
import { CancelTooLarge } from './cancel-tree.ts'
import { targetText } from './prepare.ts'

export class Cancels {
  private readonly context: Context
  private readonly maxQueue: number
  /** The fast path; its result is null for a request that has to take the general path. */
  private readonly simple: Batcher<CancelRequest, Cancelled | null>
  private readonly general: Batcher<CancelRequest, CancelOutcome>

  constructor(context: Context, { maxQueue = MAX_WAITING }: { readonly maxQueue?: number | undefined }) {
    this.context = context
    this.maxQueue = maxQueue
    // Without a bound of their own: cancel() checks the bound once for both. A request that has waited for the fast path must
    // not be refused at the general one.
    const options = {
      name: 'cancel',
      maxQueue: Number.POSITIVE_INFINITY,
      tenantOf: (request: CancelRequest) => request.tenant,
      distinct: targetText,
    }
    this.simple = new Batcher({ ...options, run: batch => cancelPlain(context, context.db, batch) })
    this.general = new Batcher({ ...options, run: batch => this.cancelBatch(batch) })
  }

  get fill(): Queue {
    return { waiting: this.simple.waiting + this.general.waiting, limit: this.maxQueue }
  }

  /** @throws Overloaded when too many requests wait, in all or of this tenant */
  async cancel(request: CancelRequest): Promise<CancelOutcome> {
    const { tenant } = request
    const { waiting, limit } = this.fill
    const free = limit - waiting
    const ofTenant = this.simple.waitingOf(tenant) + this.general.waitingOf(tenant)
    if (free <= 0) throw new Overloaded(`cancel: ${waiting} requests are waiting already`)
    if (shareLeft(free, ofTenant) === 0)
      throw new Overloaded(`cancel: ${ofTenant} requests of this tenant are waiting already`)
    return (await this.cancelSimple(request)) ?? (await this.general.submit(request))
  }

  async drained(): Promise<void> {
    await this.simple.drained()
    await this.general.drained()
  }

  /** Null: it is not simple, or the database could not do the batch; the general path then tries it. */
  private async cancelSimple(request: CancelRequest): Promise<Cancelled | null> {
    try {
      return await this.simple.submit(request)
    } catch (error) {
      // Nothing was written. A unique violation: two cancels with one request key at once, and the later one has to find the earlier one's receipt.
      if (error instanceof DatabaseOverloaded || isUniqueViolation(error)) return null
      throw error
    }
  }

  /** For a request that is too large. As in {@link cancelBatch}, another cancel may use its request key at the same moment. */
  private async openOne(request: CancelRequest): Promise<CancelOutcome> {
    try {
      return await openCancellation(this.context, request)
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
      return await openCancellation(this.context, request)
    }
  }

  private async cancelBatch(
    batch: readonly CancelRequest[],
    again = true,
  ): Promise<readonly CancelOutcome[]> {
    const { context } = this
    try {
      return await context.db.transaction('cancel', tx =>
        cancelBatch(context, tx, batch, context.maxMarkedAtOnce),
      )
    } catch (error) {
      // Two cancels with one request key at once. One repeat is enough: the other one is committed by now.
      if (again && isUniqueViolation(error)) return await this.cancelBatch(batch, false)
      // Only in a batch of one request is it known which request is too large; Batcher splits the batch until then.
      if (!(error instanceof CancelTooLarge) || batch.length > 1) throw error
      return [await this.openOne(batch[0] as CancelRequest)]
    }
  }
}
