// The figures of /metrics about the engine, its queues, the database and what is sent to other systems. docs/metrics.md explains each
// family. Labels are kinds, outcomes and names of APIs. They never name a tenant, a key or a receiver.

import type { Verdict } from '../core/effects/effect.ts'
import type { Queue } from '../engine/batcher.ts'
import type { Backlog, BacklogOfKind } from '../engine/lists/backlog.ts'
import type { EngineWatch } from '../engine/watch.ts'
import { alone, type GaugeValues, type Metrics } from '../http/metrics.ts'
import { withTimeout } from '../http/with-timeout.ts'
import type { PoolFigures } from '../store/database.ts'

const OTHER = 'other'
/** Seconds, up to a day: effects that fell due while no server ran are started that late, and the figures must show it. */
const LATE_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 86_400]
/** The database's figures are read at most once in this time, however often they are scraped; milliseconds. */
export const BACKLOG_EVERY_MS = 10_000
/** How long a scrape waits for them. */
const BACKLOG_WITHIN_MS = 1500
/** How long the last figures are shown while a new read does not end. A read that fails drops them at once. */
const BACKLOG_LASTS_MS = 70_000

/** Counts what the engine does. `kinds`: those that have a carrier. */
export function watchEngine(metrics: Metrics, kinds: () => readonly string[]): EngineWatch {
  const started = metrics.counter({
    name: 'standdown_effects_started_total',
    help: 'Starts of effects, by kind; each attempt is one.',
    labels: ['kind'],
  })
  const late = metrics.histogram(
    {
      name: 'standdown_effect_start_delay_seconds',
      help: 'How long after it fell due an attempt was started, by kind.',
      labels: ['kind'],
    },
    LATE_BUCKETS,
  )
  const attempts = metrics.counter({
    name: 'standdown_effect_attempts_total',
    help: 'Attempts that are over, by kind and what the carrier said.',
    labels: ['kind', 'result'],
  })
  const retries = metrics.counter({
    name: 'standdown_effect_retries_total',
    help: 'Effects that were put back for another attempt, by kind.',
    labels: ['kind'],
  })
  const ended = metrics.counter({
    name: 'standdown_effects_ended_total',
    help: 'Effects that ended after a start, by kind and outcome.',
    labels: ['kind', 'outcome'],
  })
  const answers = metrics.counter({
    name: 'standdown_delivery_answers_total',
    help: 'What receivers of webhooks and mail servers answered, by kind and class of the answer; none: nobody answered.',
    labels: ['kind', 'answer'],
  })
  const cancels = metrics.counter({
    name: 'standdown_cancels_total',
    help: 'Cancels, by the API that asked and what they came to.',
    labels: ['api', 'result'],
  })
  const cancelled = metrics.counter({
    name: 'standdown_cancelled_actions_total',
    help: 'Actions that cancels met, by API and outcome at that moment.',
    labels: ['api', 'outcome'],
  })
  // An older version may have left effects of a kind that has no carrier any more.
  const known = (kind: string) => (kinds().includes(kind) ? kind : OTHER)
  return {
    started(kind, lateMs) {
      started.add({ kind: known(kind) })
      late.observe({ kind: known(kind) }, Math.max(0, lateMs / 1000))
    },
    attempted(kind, verdict) {
      attempts.add({ kind: known(kind), result: verdict.is })
      const answer = answerClass(kind, verdict)
      if (answer !== null) answers.add({ kind: known(kind), answer })
    },
    retried: kind => retries.add({ kind: known(kind) }),
    ended: (kind, outcome) => ended.add({ kind: known(kind), outcome }),
    cancelled(api, outcome) {
      cancels.add({ api, result: 'refused' in outcome ? 'refused' : outcome.is })
      if ('refused' in outcome || outcome.replayed) return
      for (const [name, count] of Object.entries(outcome.counts))
        if (name !== 'total' && count > 0) cancelled.add({ api, outcome: name }, count)
    },
  }
}

/** '2xx' to '5xx', or 'none' for no answer; null: nothing was sent over the network. Pure. */
export function answerClass(kind: string, { is, evidence }: Verdict): string | null {
  if (!/^(webhook|mail)\./.test(kind)) return null
  const { status, reply } = (evidence ?? {}) as { readonly status?: unknown; readonly reply?: unknown }
  const code = typeof status === 'number' ? String(status) : typeof reply === 'string' ? reply : ''
  const first = /^([2-5])\d\d/.exec(code)?.[1]
  if (first !== undefined) return `${first}xx`
  return is === 'retry' || is === 'in_doubt' || is === 'waiting' ? 'none' : null
}

type FigureNeeds = {
  readonly running: () => number
  readonly queues: () => { readonly [name in string]: Queue }
  readonly pool: () => PoolFigures
  readonly backlog: () => Promise<Backlog>
  readonly kinds: () => readonly string[]
  /** Milliseconds; only differences count. */
  readonly nowMs: () => number
}

/** Registers the figures that are read at each scrape. */
export function showFigures(metrics: Metrics, needs: FigureNeeds): void {
  const gauge = (name: string, help: string, read: () => number) =>
    metrics.gauge({ name: `standdown_${name}`, help, labels: [] }, () => alone(read()))
  gauge('effects_running', 'Effects that this process is running.', needs.running)
  gauge('database_connections_in_use', 'Connections of the pool that are in use.', () => needs.pool().inUse)
  gauge('database_connections_max', 'Connections that the pool may have.', () => needs.pool().max)
  gauge(
    'database_connection_waiters',
    'Callers that wait for a connection of the pool.',
    () => needs.pool().waiting,
  )
  const ofQueues = (name: string, help: string, value: (queue: Queue) => number) =>
    metrics.gauge({ name: `standdown_${name}`, help, labels: ['queue'] }, () =>
      Object.entries(needs.queues()).map(([queue, fill]) => ({ labels: { queue }, value: value(fill) })),
    )
  ofQueues('queue_waiting', 'Requests that wait to be committed together, by queue.', queue => queue.waiting)
  ofQueues('queue_max', 'Requests that may wait in a queue; beyond, callers get 503.', queue => queue.limit)
  showBacklog(metrics, needs)
}

function showBacklog(metrics: Metrics, { backlog, kinds, nowMs }: FigureNeeds): void {
  const now = nowAndThen(backlog, nowMs)
  metrics.gauge(
    {
      name: 'standdown_database_reachable',
      help: '1 when the database told its figures lately; 0: it did not, and those of the backlog are left out.',
      labels: [],
    },
    async () => alone((await now()) === null ? 0 : 1),
  )
  const single = (name: string, help: string, value: (read: Backlog) => number) =>
    metrics.gauge({ name: `standdown_${name}`, help, labels: [] }, async () => {
      const read = await now()
      return read === null ? [] : alone(value(read))
    })
  single('open_receipts', 'Receipts that wait for something to end.', read => read.openReceipts)
  single('backlog_capped', '1 when there is more than was counted.', read => (read.capped ? 1 : 0))
  const ofKinds = (
    name: string,
    help: string,
    value: (of: BacklogOfKind) => number,
    join: (a: number, b: number) => number = (a, b) => a + b,
  ) =>
    metrics.gauge({ name: `standdown_${name}`, help, labels: ['kind'] }, async () => {
      const read = await now()
      return read === null ? [] : byKind(read.kinds, kinds(), { value, join })
    })
  ofKinds('backlog_pending', 'Effects that wait to be started, by kind, due or not.', of => of.pending)
  ofKinds('backlog_due', 'Effects that are due and not started, by kind.', of => of.due)
  ofKinds(
    'backlog_oldest_due_seconds',
    'How long the oldest effect that is due and not started has been due, by kind.',
    of => of.oldestDueSeconds,
    Math.max,
  )
  ofKinds('dead_effects', 'Effects that failed for good and were not called off or replaced.', of => of.dead)
}

/** A value for each known kind, and `other` for kinds that an older version has left. Pure. */
function byKind(
  read: readonly BacklogOfKind[],
  known: readonly string[],
  { value, join }: { value: (of: BacklogOfKind) => number; join: (a: number, b: number) => number },
): GaugeValues<'kind'> {
  const values = new Map(known.map(kind => [kind, 0]))
  for (const of of read) {
    const kind = values.has(of.kind) ? of.kind : OTHER
    values.set(kind, join(values.get(kind) ?? 0, value(of)))
  }
  return [...values].map(([kind, value]) => ({ labels: { kind }, value }))
}

/**
 * Reads at most every {@link BACKLOG_EVERY_MS}; all who call during one read share it. Null: the figures could not be read. A value is
 * used until the next read is answered or fails, {@link BACKLOG_LASTS_MS} at most.
 */
export function nowAndThen<T>(read: () => Promise<T>, nowMs: () => number): () => Promise<T | null> {
  let kept: { readonly value: T; readonly atMs: number } | null = null
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | null = null
  const fresh = () => (kept !== null && nowMs() - kept.atMs < BACKLOG_LASTS_MS ? kept.value : null)
  return async () => {
    if (looking === null && nowMs() - lookedAtMs >= BACKLOG_EVERY_MS) {
      lookedAtMs = nowMs()
      looking = read()
        .then(
          value => {
            kept = { value, atMs: nowMs() }
          },
          () => {
            kept = null
          },
        )
        .finally(() => {
          looking = null
        })
    }
    const inProgress = looking
    if (inProgress !== null) await withTimeout(BACKLOG_WITHIN_MS, () => inProgress).catch(() => {})
    return fresh()
  }
}
