// Which receivers and mail servers only fail, and since when. Every process sees it at its own attempts, and writes it to the
// database every 15 s, so that all processes report the same. When one has failed for five minutes, one warning is logged, and when it
// works again, one line says so. A receiver that works has no row and costs nothing.

import type { Database, Tx } from '../store/database.ts'
import { sql } from './statements.ts'

export type Health = { readonly works: true } | { readonly works: false; readonly error: string }

export type Receiver = {
  /** '' for the mail server, which all tenants share. */
  readonly tenant: string
  readonly kind: 'webhook' | 'mail'
  /** Host and port. */
  readonly receiver: string
}

export type FailingReceiver = Receiver & {
  readonly since: Date
  readonly lastFailureAt: Date
  readonly failures: number
  readonly error: string
}

/** What changed in one round. */
export type HealthChange =
  | { readonly is: 'failing'; readonly receiver: FailingReceiver }
  | { readonly is: 'works'; readonly receiver: FailingReceiver }
  /** Nothing was sent to it for a day, so its state is not known. */
  | { readonly is: 'forgotten'; readonly receiver: FailingReceiver }

/** What was seen of one receiver since the last round; instants of `nowMs`. Pure steps: {@link observed}, {@link merged}. */
export type Observation = {
  readonly workedMs: number | null
  /** Since it last worked. */
  readonly failing: {
    readonly sinceMs: number
    readonly lastMs: number
    readonly failures: number
    readonly error: string
  } | null
}

export const WARN_AFTER_MS = 5 * 60_000
const FORGET_AFTER_MS = 24 * 3_600_000
/** How many failing receivers of one tenant are remembered. With one more, the oldest is forgotten. */
export const MAX_PER_TENANT = 100
const MAX_ERROR = 300

export type FailingReceiversOptions = {
  readonly db: Database
  /** A clock to decide by instead of the database's; tests only. */
  readonly clock?: () => Date | null
  /** Only differences count. */
  readonly nowMs: () => number
  readonly onChange: (change: HealthChange) => void
  readonly onError?: (error: unknown) => void
  /** Between two rounds, ms. Default 15,000. */
  readonly everyMs?: number
}

/** What was observed of a receiver and is not in the database yet. */
type Unwritten = { readonly of: Receiver; readonly observed: Observation }

export class FailingReceivers {
  readonly #options: FailingReceiversOptions
  /** By tenant, by kind and receiver: what is still to be written down. */
  #unwritten = new Map<string, Map<string, Unwritten>>()
  /** As read in the last round. */
  #known = new Set<string>()
  #counts = { webhook: 0, mail: 0 }
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> = Promise.resolve()

  constructor(options: FailingReceiversOptions) {
    this.#options = options
  }

  /** At every attempt. */
  observe(of: Receiver, health: Health): void {
    const key = keyOf(of)
    const mine = this.#unwritten.get(of.tenant)
    const before = mine?.get(key)?.observed
    if (health.works && before === undefined && !this.#known.has(key)) return
    this.#keep(of, observed(before, health, this.#options.nowMs()))
  }

  /** How many have failed for long, by kind, as of the last round. */
  get counts(): { readonly webhook: number; readonly mail: number } {
    return this.#counts
  }

  /** Those of a tenant that have failed for long, and the mail server if it has. */
  async list(tenant: string): Promise<readonly FailingReceiver[]> {
    return (await this.#options.db.query<Row>(sql('list-failing'), [tenant, MAX_PER_TENANT])).map(receiverOf)
  }

  start(): void {
    const next = () => {
      this.#timer = setTimeout(() => {
        this.#round = this.round()
          .catch(error => this.#options.onError?.(error))
          .finally(() => {
            if (this.#timer) next()
          })
      }, this.#options.everyMs ?? 15_000)
      this.#timer.unref()
    }
    next()
  }

  async stop(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    await this.#round
  }

  /** Writes down what was seen, and says what changed by it, or by the time. */
  async round(): Promise<void> {
    const { db } = this.#options
    const taken = this.#unwritten
    this.#unwritten = new Map()
    let changes: readonly HealthChange[] = []
    try {
      const all = [...taken.values()].flatMap(ofTenant => [...ofTenant.values()])
      if (all.length > 0 || this.#known.size > 0)
        changes = await db.transaction('receivers', tx => this.#write(tx, all))
    } catch (error) {
      for (const ofTenant of taken.values())
        for (const { of, observed: older } of ofTenant.values()) {
          const newer = this.#unwritten.get(of.tenant)?.get(keyOf(of))?.observed
          this.#keep(of, newer ? merged(older, newer) : older)
        }
      throw error
    }
    for (const change of changes) this.#options.onChange(change)
    const rows = await db.query<Receiver & { warned: boolean }>(sql('read-failing'))
    this.#known = new Set(rows.map(keyOf))
    const warned = rows.filter(row => row.warned)
    const mail = warned.filter(row => row.kind === 'mail').length
    this.#counts = { mail, webhook: warned.length - mail }
  }

  async #write(tx: Tx, all: readonly Unwritten[]): Promise<readonly HealthChange[]> {
    const { clock = () => null, nowMs } = this.#options
    const now = nowMs()
    // All processes use the same order, so that they cannot deadlock.
    const ordered = all.toSorted((a, b) => (keyOf(a.of) < keyOf(b.of) ? -1 : 1))
    const worked = ordered.filter(one => one.observed.workedMs !== null)
    const cleared = await tx.query<Row>(sql('clear-failing'), [
      clock(),
      ...names(worked),
      worked.map(one => now - (one.observed.workedMs as number)),
    ])
    const failing = ordered.flatMap(one =>
      one.observed.failing === null ? [] : [{ of: one.of, ...one.observed.failing }],
    )
    await tx.query(sql('note-failing'), [
      clock(),
      ...names(failing),
      failing.map(one => now - one.sinceMs),
      failing.map(one => now - one.lastMs),
      failing.map(one => one.failures),
      failing.map(one => one.error),
    ])
    const warned = await tx.query<Row>(sql('warn-failing'), [clock(), WARN_AFTER_MS])
    const forgotten = await tx.query<Row>(sql('forget-failing'), [clock(), FORGET_AFTER_MS, MAX_PER_TENANT])
    const changesOf = (is: HealthChange['is'], rows: readonly Row[]) =>
      rows.filter(row => row.warned).map((row): HealthChange => ({ is, receiver: receiverOf(row) }))
    return [
      ...changesOf('works', cleared),
      ...changesOf('failing', warned),
      ...changesOf('forgotten', forgotten),
    ]
  }

  #keep(of: Receiver, now: Observation): void {
    const mine = this.#unwritten.get(of.tenant) ?? new Map<string, Unwritten>()
    this.#unwritten.set(of.tenant, mine)
    mine.set(keyOf(of), { of, observed: now })
    if (mine.size > MAX_PER_TENANT) for (const oldest of [...mine.keys()].slice(0, 1)) mine.delete(oldest)
  }
}

/** Pure. */
export function observed(before: Observation | undefined, health: Health, nowMs: number): Observation {
  if (health.works) return { workedMs: nowMs, failing: null }
  const { sinceMs = nowMs, failures = 0 } = before?.failing ?? {}
  const error = Array.from(health.error.toWellFormed().replace(/[\u0000-\u001f\u007f]/g, ' '))
    .slice(0, MAX_ERROR)
    .join('')
  return {
    workedMs: before?.workedMs ?? null,
    failing: { sinceMs, lastMs: nowMs, failures: failures + 1, error },
  }
}

/** Both, one after the other. Pure. */
export function merged(older: Observation, newer: Observation): Observation {
  if (newer.workedMs !== null) return newer
  if (newer.failing === null || older.failing === null) return { ...newer, workedMs: older.workedMs }
  const { sinceMs, failures } = older.failing
  return {
    workedMs: older.workedMs,
    failing: { ...newer.failing, sinceMs, failures: failures + newer.failing.failures },
  }
}

type Row = {
  tenant: string
  kind: 'webhook' | 'mail'
  receiver: string
  failing_since: Date
  last_failure_at: Date
  failures: number
  last_error: string
  warned: boolean
}

function receiverOf(row: Row): FailingReceiver {
  const { tenant, kind, receiver, failures } = row
  const { failing_since: since, last_failure_at: lastFailureAt, last_error: error } = row
  return { tenant, kind, receiver, since, lastFailureAt, failures, error }
}

function keyOf({ tenant, kind, receiver }: Receiver): string {
  return `${tenant}\n${kind}\n${receiver}`
}

function names(all: readonly { readonly of: Receiver }[]): readonly string[][] {
  return [all.map(one => one.of.tenant), all.map(one => one.of.kind), all.map(one => one.of.receiver)]
}
