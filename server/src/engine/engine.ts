// The engine's public face: three verbs (announce, revise, cancel), the reads, and the loop behind them.

import type { Caller, Cancelled, CancelOutcome, CancelRequest, Receipt } from '../core/cancellation.ts'
import type { Carrier } from '../core/effects/carrier.ts'
import type { RetrySettings } from '../core/effects/retry-plan.ts'
import type { Announced, Announcement, StoredEvent } from '../core/event.ts'
import { isGuid, type Random } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import {
  type Database,
  DatabaseOverloaded,
  isUniqueViolation,
  type Queries,
  type Tx,
} from '../store/database.ts'
import { announce } from './announce/announce.ts'
import { answerRequestKey, type Claim, claimRequestKey, type RequestKey } from './announce/request-keys.ts'
import { type Revised, type Revision, revise } from './announce/revise.ts'
import { Gather, type GatherOptions, MOST_WAITING, Overloaded, type Queue } from './batcher.ts'
import { cancelBatch, targetText } from './cancel/cancel.ts'
import { cancelPlain } from './cancel/cancel-plain.ts'
import { CancelTooLarge, type EventRow, storedEvent } from './cancel/cancel-tree.ts'
import { findKnown, type Known, type KnownRequest } from './cancel/known-names.ts'
import { type Preview, type PreviewRequest, previewCancel } from './cancel/preview.ts'
import type { Context } from './context.ts'
import {
  type DeadCursor,
  type DeadEffect,
  type DeadFilter,
  type Replaced,
  type Replacement,
  type Retried,
  type RetriedSome,
  readDead,
  replaceDead,
  retryDead,
  retrySome,
} from './dead/dead-effects.ts'
import type { Domain } from './domain.ts'
import { shareLeft } from './fair-share.ts'
import {
  countHeld,
  type HeldItem,
  type Hold,
  type HoldCount,
  type HoldFilter,
  listHeld,
  readHold,
} from './hold/hold.ts'
import {
  type Dropped,
  dropPart,
  type Released,
  releaseAll,
  releasePart,
  releaseTenant,
} from './hold/release.ts'
import { type Backlog, readBacklog } from './lists/backlog.ts'
import { type EffectState, type EffectStateRow, effectState } from './lists/effect-state.ts'
import { createLists, type Lists } from './lists/lists.ts'
import { type Owned, pendingEvents } from './lists/pending-work.ts'
import { openCancellation } from './open-cancel/cancel-open.ts'
import { findReceipts, type ReceiptSearch } from './receipt/find-receipts.ts'
import { readReceipt, receiptWait } from './receipt/read-receipt.ts'
import { type LetGo, letGo } from './run/detach.ts'
import { type End, endFromOutside } from './run/end.ts'
import { HintChannel } from './run/hints.ts'
import { Caretaker } from './run/maintenance.ts'
import { Runner, type RunnerOptions } from './run/runner.ts'
import { advanceClock, type ClockProgress, tenantNow } from './sandbox-clock/sandbox-clock.ts'
import { sql } from './statements.ts'
import { type SweepOptions, type Swept, sweepOnce, sweepRequestKeys } from './sweep/sweep.ts'
import { Turns, type TurnsOptions } from './tenant-queue.ts'
import type { EngineWatch } from './watch.ts'

export type EngineOptions = {
  readonly db: Database
  readonly random: Random
  /** A clock to decide by instead of the database's; tests only. */
  readonly clock?: () => Date | null
  /** Effects or events marked in a cancel's own transaction; beyond, an open cancellation. Default 5,000. */
  readonly maxMarkedAtOnce?: number
  /** A receipt is final this long after its commit at the latest. Default 30,000 ms. */
  readonly finalAfterMs?: number
  /** Callers that may wait for a batch of cancels. Default 10,000. */
  readonly maxQueue?: number
  readonly runner?: RunnerOptions
  readonly watch?: EngineWatch
  /** Milliseconds between two rounds of rescue and closing. Default 2,000. */
  readonly careEveryMs?: number
}

export type { EffectState } from './lists/effect-state.ts'

/** See {@link Engine.retryPlans}. */
export type RetryPlans = { readonly [of: string]: RetrySettings }

export class Engine {
  /** Events and effects page by page; see lists.ts. */
  readonly lists: Lists
  private readonly context: Context
  private readonly options: EngineOptions
  private readonly carriers = new Map<string, Carrier>()
  private readonly domains = new Map<string, Domain>()
  /** The short way for what is plain; null: the long way. */
  private readonly plainCancels: Gather<CancelRequest, Cancelled | null>
  private readonly cancels: Gather<CancelRequest, CancelOutcome>
  private readonly turnsByQueue = new Map<string, Turns>()
  private readonly runner: Runner
  private readonly caretaker: Caretaker
  private readonly channel: HintChannel
  private started = false

  constructor(options: EngineOptions) {
    this.options = options
    this.context = {
      db: options.db,
      clock: options.clock ?? (() => null),
      random: options.random,
      carriers: this.carriers,
      domains: this.domains,
      watch: options.watch,
      maxMarkedAtOnce: options.maxMarkedAtOnce ?? 5000,
      finalAfterMs: options.finalAfterMs ?? 30_000,
      hints: {
        due: () => {
          this.runner.wake()
          this.channel.send('due')
        },
        asked: effects => {
          this.runner.abortAsked(effects)
          this.caretaker.nudge()
          this.channel.send('asked')
        },
      },
    }
    this.lists = createLists(this.context)
    const onError = options.runner?.onError
    this.runner = new Runner(this.context, options.runner)
    this.caretaker = new Caretaker(this.context, { everyMs: options.careEveryMs, onError })
    const self = Buffer.from(options.random(9)).toString('base64url')
    this.channel = new HintChannel(options.db, self, {
      due: () => this.runner.wake(),
      asked: () => {
        this.caretaker.nudge()
        this.runner.heartbeat().catch(error => onError?.('heartbeat', error))
      },
    })
    // Who has waited for the short way is not refused at the long one: the bound is at the entrance, see cancel().
    this.plainCancels = new Gather({
      name: 'cancel',
      maxQueue: Number.POSITIVE_INFINITY,
      ownerOf: request => request.tenant,
      distinct: targetText,
      run: batch => cancelPlain(this.context, this.context.db, batch),
    })
    this.cancels = new Gather({
      name: 'cancel',
      maxQueue: Number.POSITIVE_INFINITY,
      ownerOf: request => request.tenant,
      distinct: targetText,
      run: batch => this.cancelBatch(batch),
    })
  }

  /** Hands over what the rooms own; before start. */
  register(parts: { readonly carriers?: readonly Carrier[]; readonly domains?: readonly Domain[] }): void {
    for (const carrier of parts.carriers ?? []) this.carriers.set(carrier.kind, carrier)
    for (const domain of parts.domains ?? []) this.domains.set(domain.eventKind, domain)
  }

  /** Begins to run what is due. An engine that is not started still announces, cancels and reads. */
  async start(): Promise<void> {
    this.started = true
    await this.channel.start()
    await this.runner.start()
    this.caretaker.start()
  }

  /**
   * The first part of `stop`: starts nothing any more, and resolves when what runs has ended, or its time is up. Whoever announces
   * or cancels is still answered.
   */
  async stopRunning(): Promise<void> {
    if (this.started) await Promise.all([this.runner.stop(), this.caretaker.stopRescue()])
  }

  async stop(): Promise<void> {
    if (!this.started) return
    this.started = false
    await this.plainCancels.drained()
    await this.cancels.drained()
    await this.caretaker.stop()
    await this.runner.stop()
    await this.channel.stop()
  }

  /** Milliseconds since the wake loop last went round. */
  loopAgeMs(): number {
    return performance.now() - this.runner.turnedAt
  }

  /** For one kind of callers' own transactions; `queue` is its name in /metrics. */
  turns(queue: string, options?: TurnsOptions): Turns {
    const turns = new Turns(queue, options)
    this.turnsByQueue.set(queue, turns)
    return turns
  }

  /** Requests that wait, and how many may, by the name of their queue. */
  get queues(): { readonly [name: string]: Queue } {
    const ofTurns = [...this.turnsByQueue].map(([name, turns]) => [name, turns.fill] as const)
    return { cancel: this.cancelQueue, ...Object.fromEntries(ofTurns) }
  }

  private get cancelQueue(): Queue {
    const waiting = this.plainCancels.waiting + this.cancels.waiting
    return { waiting, most: this.options.maxQueue ?? MOST_WAITING }
  }

  /** See backlog.ts. `queries`: by which connection. */
  async backlog(queries: Queries): Promise<Backlog> {
    return await readBacklog(this.context, queries)
  }

  get kinds(): readonly string[] {
    return [...this.carriers.keys()]
  }

  get runningCount(): number {
    return this.runner.runningCount
  }

  gather<Req, Res>(options: GatherOptions<Req, Res>): Gather<Req, Res> {
    return new Gather(options)
  }

  async announce(tx: Tx, announcements: readonly Announcement[]): Promise<readonly Announced[]> {
    return await announce(this.context, tx, announcements)
  }

  async revise(tx: Tx, revision: Revision): Promise<Revised> {
    return await revise(this.context, tx, revision)
  }

  /** @throws Overloaded when too many wait */
  async cancel(request: CancelRequest): Promise<CancelOutcome> {
    const { tenant } = request
    const { waiting, most } = this.cancelQueue
    const free = most - waiting
    const ofTenant = this.plainCancels.waitingOf(tenant) + this.cancels.waitingOf(tenant)
    if (free <= 0) throw new Overloaded(`cancel: ${waiting} requests are waiting already`)
    if (shareLeft(free, ofTenant) === 0)
      throw new Overloaded(`cancel: ${ofTenant} requests of this tenant are waiting already`)
    const outcome = (await this.cancelShort(request)) ?? (await this.cancels.submit(request))
    this.options.watch?.cancelled(request.by.api, outcome)
    return outcome
  }

  /** Of many names those that something is known by; see known-names.ts. */
  async known(request: KnownRequest): Promise<readonly Known[]> {
    return await findKnown(this.context, request)
  }

  /** What a cancel would do if it came now; see preview.ts. */
  async preview(request: PreviewRequest): Promise<Preview | null> {
    return await previewCancel(this.context, request)
  }

  /** Answers from outside: see end.ts. Their events, if anything follows from the end, are locked here. */
  async end(tx: Tx, ends: readonly End[]): Promise<readonly ('ended' | 'gone')[]> {
    return await endFromOutside(this.context, tx, ends)
  }

  /** See let-go.ts. */
  async letGo(tx: Tx, what: LetGo): Promise<boolean> {
    return await letGo(tx, what)
  }

  /** See request-keys.ts. */
  async claimRequestKey(tx: Tx, of: RequestKey, fingerprint: string): Promise<Claim> {
    return await claimRequestKey(this.context, tx, of, fingerprint)
  }

  async answerRequestKey(tx: Tx, of: RequestKey, answer: JsonObject): Promise<void> {
    await answerRequestKey(tx, of, answer)
  }

  async event(tenant: string, id: string): Promise<StoredEvent | null> {
    if (!isGuid(id)) return null
    const [row] = await this.options.db.query<EventRow>(sql('read-event'), [id, tenant])
    return row ? storedEvent(row) : null
  }

  async eventsByKey(tenant: string, key: string, entity: string): Promise<readonly StoredEvent[]> {
    const rows = await this.options.db.query<EventRow>(sql('read-events-by-key'), [tenant, key, entity])
    return rows.map(storedEvent)
  }

  async effectsOf(tenant: string, eventId: string): Promise<readonly EffectState[]> {
    if (!isGuid(eventId)) return []
    const rows = await this.options.db.query<EffectStateRow>(sql('read-effects'), [eventId, tenant])
    return rows.map(effectState)
  }

  /** `waitMs`: answers when the receipt is final, or after that long as it then is. */
  async receipt(
    tenant: string,
    id: string,
    options: { readonly after?: string; readonly waitMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<Receipt | null> {
    if (!isGuid(id)) return null
    const until = performance.now() + (options.waitMs ?? 0)
    for (;;) {
      const wait = await receiptWait(this.context, tenant, id)
      if (wait === null) return null
      const left = until - performance.now()
      if (wait.final || left <= 0 || options.signal?.aborted) break
      // Ends are written by any process; a look every so often needs no hint to be right.
      await new Promise(resolve => setTimeout(resolve, Math.min(left, 100)))
    }
    return await readReceipt(this.context, tenant, id, options.after)
  }

  /** See find-receipts.ts. */
  async findReceipts(tenant: string, by: ReceiptSearch): Promise<readonly Receipt[]> {
    return await findReceipts(this.context, tenant, by)
  }

  /** The tenant's clock: the database's, plus a sandbox's offset. */
  async now(tenant: string): Promise<Date> {
    return await tenantNow(this.context, tenant)
  }

  /** See dead-effects.ts. */
  async dead(tenant: string, limit = 100): Promise<readonly DeadEffect[]> {
    return await readDead(this.context, tenant, limit)
  }

  /** Retries a dead effect by hand. Nothing is revived under an event that was called off. */
  async retry(tenant: string, effectId: string): Promise<Retried> {
    return await retryDead(this.context, tenant, effectId)
  }

  /** One batch of those that fit. */
  async retrySome(
    tenant: string,
    filter: DeadFilter,
    page: { readonly most: number; readonly after: DeadCursor | null },
  ): Promise<RetriedSome> {
    return await retrySome(this.context, tenant, filter, page)
  }

  /** @throws ReplacedMeanwhile when somebody else took it at this moment */
  async replace(tx: Tx, replacement: Replacement): Promise<Replaced> {
    return await replaceDead(this.context, tx, replacement)
  }

  /** See pending-work.ts. */
  async pendingEvents(tenant: string, owned: readonly Owned[], most: number): Promise<readonly string[]> {
    return await pendingEvents(this.options.db, tenant, owned, most)
  }

  /** Null: the database is not on hold; see hold.ts. `tenant` '': of no tenant. */
  async hold(tenant: string): Promise<Hold | null> {
    return await readHold(this.options.db, tenant)
  }

  async heldCounts(tenant: string, filter: HoldFilter): Promise<readonly HoldCount[]> {
    return await countHeld(this.context, tenant, filter)
  }

  async held(tenant: string, filter: HoldFilter, after: string | null, most: number): Promise<HeldItem[]> {
    return [...(await listHeld(this.context, this.options.db, { tenant, filter, after, most }))]
  }

  /** See release.ts; null: it is not on hold. */
  async release(tenant: string, filter: HoldFilter, after: string | null): Promise<Released | null> {
    return await releasePart(this.context, { tenant, filter, after })
  }

  async releaseTenant(tenant: string): Promise<{ readonly over: boolean } | null> {
    return await releaseTenant(this.context, tenant)
  }

  async releaseAll(): Promise<boolean> {
    return await releaseAll(this.context)
  }

  async dropHeld(what: {
    readonly tenant: string
    readonly filter: HoldFilter
    readonly after: string | null
    readonly by: Caller
    readonly reason: string | null
  }): Promise<Dropped | null> {
    return await dropPart(this.context, what, request => this.cancel(request))
  }

  async advanceClock(
    tenant: string,
    byMs: number,
    progress?: ClockProgress,
    signal?: AbortSignal,
  ): Promise<Date> {
    return await advanceClock(this.context, {
      tenant,
      byMs,
      progress,
      signal,
      // Another process may be the one that runs it: look again shortly.
      changed: () => new Promise(resolve => setTimeout(resolve, 10)),
    })
  }

  /** Makes the tenant known to the engine; `sandbox` gives it a clock of its own. */
  async putTenant(tx: Tx, tenant: string, sandbox: boolean): Promise<void> {
    await tx.query(sql('put-tenant'), [tenant, sandbox])
  }

  /** What a tenant says of retries: settings by kind of effect, and by an app's id, a space, and the kind. */
  async retryPlans(tx: Tx, tenant: string): Promise<RetryPlans> {
    const [row] = await tx.query<{ retry_plans: RetryPlans | null }>(sql('read-retry-plans'), [tenant])
    return row?.retry_plans ?? {}
  }

  /** It counts for what is announced from now on. The tenant is known (putTenant). */
  async putRetryPlans(tx: Tx, tenant: string, plans: RetryPlans): Promise<void> {
    const text = Object.keys(plans).length === 0 ? null : JSON.stringify(plans)
    await tx.query(sql('put-retry-plans'), [tenant, text])
  }

  /** One batch of what ended long ago; see sweep.ts. */
  async sweep(options: SweepOptions): Promise<Swept> {
    return await sweepOnce(this.context, options)
  }

  /** One batch of request keys that are remembered no longer. Gives back how many went. */
  async sweepRequestKeys(ttlMs: number, most: number): Promise<number> {
    return await sweepRequestKeys(this.context, ttlMs, most)
  }

  /** Null: not plain, or the database could not do it together with what others asked; the long way then tries it. */
  private async cancelShort(request: CancelRequest): Promise<Cancelled | null> {
    try {
      return await this.plainCancels.submit(request)
    } catch (error) {
      // Nothing of it was done. A request key of two cancels at once: the later one is to find the earlier one's receipt.
      if (error instanceof DatabaseOverloaded || isUniqueViolation(error)) return null
      throw error
    }
  }

  /** As {@link cancelBatch}, for what is too large: its request key may be another's at this moment too. */
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
      // As above. Once: the other one is committed by now.
      if (again && isUniqueViolation(error)) return await this.cancelBatch(batch, false)
      // Only a request that is alone in its batch can be told to be the large one; Gather splits until it is.
      if (!(error instanceof CancelTooLarge) || batch.length > 1) throw error
      return [await this.openOne(batch[0] as CancelRequest)]
    }
  }
}
