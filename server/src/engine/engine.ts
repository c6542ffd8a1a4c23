// The engine knows events, effects and cancellations, and keeps the promise: what was called off in time does not happen. This is its
// face: announce, revise and cancel, the reads, and the loop that runs what is due. It must not know any domain or API: domains and
// carriers are registered, and it calls them by their contracts (domain.ts, core/effects/carrier.ts).

import type { Caller, CancelOutcome, CancelRequest, Receipt } from '../core/cancellation.ts'
import type { Carrier } from '../core/effects/carrier.ts'
import type { Announced, Announcement, StoredEvent } from '../core/event.ts'
import { isGuid, type Random } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import type { Database, Queries, Tx } from '../store/database.ts'
import { announce } from './announce/announce.ts'
import { answerRequestKey, type Claim, claimRequestKey, type RequestKey } from './announce/request-keys.ts'
import { putRetryPlans, type RetryPlans, readRetryPlans } from './announce/retry-plans.ts'
import { type Revised, type Revision, revise } from './announce/revise.ts'
import { Batcher, type BatcherOptions, type Queue } from './batcher.ts'
import { Cancels } from './cancel/cancels.ts'
import { type EventRow, storedEvent } from './cancel/event-row.ts'
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
import { findReceipts, type ReceiptSearch } from './receipt/find-receipts.ts'
import { type ReceiptWait, waitForReceipt } from './receipt/wait-for-receipt.ts'
import { type Detachment, detachEffect } from './run/detach.ts'
import { endFromOutside, type ReportedEnd } from './run/end.ts'
import { HintChannel } from './run/hints.ts'
import { Maintenance } from './run/maintenance.ts'
import { Runner, type RunnerOptions } from './run/runner.ts'
import { advanceClock, type ClockProgress, tenantNow } from './sandbox-clock/sandbox-clock.ts'
import { sql } from './statements.ts'
import { type SweepOptions, type Swept, sweepOnce, sweepRequestKeys } from './sweep/sweep.ts'
import { TenantQueue, type TenantQueueOptions } from './tenant-queue.ts'
import type { EngineWatch } from './watch.ts'

export type EngineOptions = {
  readonly db: Database
  readonly random: Random
  /** A clock to decide by instead of the database's; tests only. */
  readonly clock?: () => Date | null
  /** The most effects or events that a cancel marks in its own transaction; a larger one becomes an open cancellation. Default 5,000. */
  readonly maxMarkedAtOnce?: number
  /** A receipt is final this long after its commit at the latest. Default 30,000 ms. */
  readonly finalAfterMs?: number
  /** Callers that may wait for a batch of cancels. Default 10,000. */
  readonly maxQueue?: number
  readonly runner?: RunnerOptions
  readonly watch?: EngineWatch
  /** Milliseconds between two rounds of the maintenance jobs. Default 2,000. */
  readonly careEveryMs?: number
}

export type { RetryPlans } from './announce/retry-plans.ts'
export type { EffectState } from './lists/effect-state.ts'

export class Engine {
  /** Events and effects page by page; see lists.ts. */
  readonly lists: Lists
  private readonly context: Context
  private readonly options: EngineOptions
  private readonly carriers = new Map<string, Carrier>()
  private readonly domains = new Map<string, Domain>()
  private readonly cancels: Cancels
  private readonly tenantQueues = new Map<string, TenantQueue>()
  private readonly runner: Runner
  private readonly maintenance: Maintenance
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
        stopRequested: effects => {
          this.runner.abortStopRequested(effects)
          this.maintenance.nudge()
          this.channel.send('asked')
        },
      },
    }
    this.lists = createLists(this.context)
    const onError = options.runner?.onError
    this.runner = new Runner(this.context, options.runner)
    this.maintenance = new Maintenance(this.context, { everyMs: options.careEveryMs, onError })
    const self = Buffer.from(options.random(9)).toString('base64url')
    this.channel = new HintChannel(options.db, self, {
      due: () => this.runner.wake(),
      stopRequested: () => {
        this.maintenance.nudge()
        this.runner.heartbeat().catch(error => onError?.('heartbeat', error))
      },
    })
    this.cancels = new Cancels(this.context, { maxQueue: options.maxQueue })
  }

  /** Registers the carriers and domains of the other rooms; to be called before start(). */
  register(parts: { readonly carriers?: readonly Carrier[]; readonly domains?: readonly Domain[] }): void {
    for (const carrier of parts.carriers ?? []) this.carriers.set(carrier.kind, carrier)
    for (const domain of parts.domains ?? []) this.domains.set(domain.eventKind, domain)
  }

  /** Starts the loop that runs what is due. An engine that is not started can announce, cancel and read all the same. */
  async start(): Promise<void> {
    this.started = true
    await this.channel.start()
    await this.runner.start()
    this.maintenance.start()
  }

  /**
   * The first part of `stop`: no effect is started any more. Resolves when the running ones have ended, or their time is up. Announcements
   * and cancels are still answered.
   */
  async stopRunning(): Promise<void> {
    if (this.started) await Promise.all([this.runner.stop(), this.maintenance.stopRescue()])
  }

  async stop(): Promise<void> {
    if (!this.started) return
    this.started = false
    await this.cancels.drained()
    await this.maintenance.stop()
    await this.runner.stop()
    await this.channel.stop()
  }

  /** Milliseconds since the wake loop last went round. */
  loopAgeMs(): number {
    return performance.now() - this.runner.loopedAt
  }

  /** A queue for one kind of work that is a caller's own transaction; `queue` is its name in /metrics. */
  tenantQueue(queue: string, options?: TenantQueueOptions): TenantQueue {
    const made = new TenantQueue(queue, options)
    this.tenantQueues.set(queue, made)
    return made
  }

  /** Requests that wait, and how many may, by the name of their queue. */
  get queues(): { readonly [name: string]: Queue } {
    const ofTenants = [...this.tenantQueues].map(([name, each]) => [name, each.fill] as const)
    return { cancel: this.cancels.fill, ...Object.fromEntries(ofTenants) }
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

  batcher<Req, Res>(options: BatcherOptions<Req, Res>): Batcher<Req, Res> {
    return new Batcher(options)
  }

  async announce(tx: Tx, announcements: readonly Announcement[]): Promise<readonly Announced[]> {
    return await announce(this.context, tx, announcements)
  }

  async revise(tx: Tx, revision: Revision): Promise<Revised> {
    return await revise(this.context, tx, revision)
  }

  /** @throws Overloaded when too many wait */
  async cancel(request: CancelRequest): Promise<CancelOutcome> {
    const outcome = await this.cancels.cancel(request)
    this.options.watch?.cancelled(request.by.api, outcome)
    return outcome
  }

  /** Which of many names belong to something; see known-names.ts. */
  async known(request: KnownRequest): Promise<readonly Known[]> {
    return await findKnown(this.context, request)
  }

  /** What a cancel would do if it came now; see preview.ts. */
  async preview(request: PreviewRequest): Promise<Preview | null> {
    return await previewCancel(this.context, request)
  }

  /** Ends effects by answers from outside; see end.ts. Locks their events where a domain decides what follows. */
  async end(tx: Tx, ends: readonly ReportedEnd[]): Promise<readonly ('ended' | 'gone')[]> {
    return await endFromOutside(this.context, tx, ends)
  }

  /** See detach.ts. */
  async detachEffect(tx: Tx, detachment: Detachment): Promise<boolean> {
    return await detachEffect(tx, detachment)
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

  async effectsOf(tenant: string, eventId: string): Promise<readonly EffectState[]> {
    if (!isGuid(eventId)) return []
    const rows = await this.options.db.query<EffectStateRow>(sql('read-effects'), [eventId, tenant])
    return rows.map(effectState)
  }

  /** `waitMs`: answers when the receipt is final, or after that long as it then is. */
  async receipt(tenant: string, id: string, options: ReceiptWait = {}): Promise<Receipt | null> {
    return await waitForReceipt(this.context, tenant, id, options)
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
    page: { readonly limit: number; readonly after: DeadCursor | null },
  ): Promise<RetriedSome> {
    return await retrySome(this.context, tenant, filter, page)
  }

  /** @throws ReplacedMeanwhile when somebody else took it at this moment */
  async replace(tx: Tx, replacement: Replacement): Promise<Replaced> {
    return await replaceDead(this.context, tx, replacement)
  }

  /** See pending-work.ts. */
  async pendingEvents(tenant: string, owned: readonly Owned[], limit: number): Promise<readonly string[]> {
    return await pendingEvents(this.options.db, tenant, owned, limit)
  }

  /** Null: the database is not on hold; see hold.ts. `tenant` '': of no tenant. */
  async hold(tenant: string): Promise<Hold | null> {
    return await readHold(this.options.db, tenant)
  }

  async heldCounts(tenant: string, filter: HoldFilter): Promise<readonly HoldCount[]> {
    return await countHeld(this.context, tenant, filter)
  }

  async listHeld(
    tenant: string,
    filter: HoldFilter,
    after: string | null,
    limit: number,
  ): Promise<HeldItem[]> {
    return [...(await listHeld(this.context, this.options.db, { tenant, filter, after, limit }))]
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
    return await readRetryPlans(tx, tenant)
  }

  /** It counts for what is announced from now on. The tenant is known (putTenant). */
  async putRetryPlans(tx: Tx, tenant: string, plans: RetryPlans): Promise<void> {
    await putRetryPlans(tx, tenant, plans)
  }

  /** One batch of what ended long ago; see sweep.ts. */
  async sweep(options: SweepOptions): Promise<Swept> {
    return await sweepOnce(this.context, options)
  }

  /** One batch of request keys that are remembered no longer. Gives back how many went. */
  async sweepRequestKeys(ttlMs: number, limit: number): Promise<number> {
    return await sweepRequestKeys(this.context, ttlMs, limit)
  }
}
