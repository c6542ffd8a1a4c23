// Which receivers and mail servers only fail, and since when: seen by every process at its own attempts, kept in the database every
// so often, so that all processes tell the same. One that has failed for five minutes is warned of once, and once it works
// again that is said too. A receiver that works has no row and costs nothing.

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
  /** Nothing was sent to it for a day: nobody knows. */
  | { readonly is: 'forgotten'; readonly receiver: FailingReceiver }

/** What was seen of one receiver since the last round; instants of `nowMs`. Pure steps: {@link seen}, {@link joined}. */
export type Seen = {
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
/** Most failing receivers of one tenant that are remembered; beyond, the oldest is forgotten. */
export const MOST_OF_TENANT = 100
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

export class FailingReceivers {
  readonly #options: FailingReceiversOptions
  /** By tenant, by kind and receiver: what is still to be written down. */
  #unwritten = new Map<string, Map<string, { readonly of: Receiver; readonly seen: Seen }>>()
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
    const before = mine?.get(key)?.seen
    if (health.works && before === undefined && !this.#known.has(key)) return
    this.#keep(of, seen(before, health, this.#options.nowMs()))
  }

  /** How many have failed for long, by kind, as of the last round. */
  get counts(): { readonly webhook: number; readonly mail: number } {
    return this.#counts
  }

  /** Those of a tenant that have failed for long, and the mail server if it has. */
  async list(tenant: string): Promise<readonly FailingReceiver[]> {
    return (await this.#options.db.query<Row>(sql('list-failing'), [tenant, MOST_OF_TENANT])).map(receiverOf)
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
        for (const { of, seen: older } of ofTenant.values()) {
          const newer = this.#unwritten.get(of.tenant)?.get(keyOf(of))?.seen
          this.#keep(of, newer ? joined(older, newer) : older)
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

  async #write(
    tx: Tx,
    all: readonly { readonly of: Receiver; readonly seen: Seen }[],
  ): Promise<readonly HealthChange[]> {
    const { clock = () => null, nowMs } = this.#options
    const now = nowMs()
    // In one order in every process: nobody waits in a circle.
    const ordered = all.toSorted((a, b) => (keyOf(a.of) < keyOf(b.of) ? -1 : 1))
    const worked = ordered.filter(one => one.seen.workedMs !== null)
    const cleared = await tx.query<Row>(sql('clear-failing'), [
      clock(),
      ...names(worked),
      worked.map(one => now - (one.seen.workedMs as number)),
    ])
    const failing = ordered.flatMap(one =>
      one.seen.failing === null ? [] : [{ of: one.of, ...one.seen.failing }],
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
    const forgotten = await tx.query<Row>(sql('forget-failing'), [clock(), FORGET_AFTER_MS, MOST_OF_TENANT])
    const said = (is: HealthChange['is'], rows: readonly Row[]) =>
      rows.filter(row => row.warned).map((row): HealthChange => ({ is, receiver: receiverOf(row) }))
    return [...said('works', cleared), ...said('failing', warned), ...said('forgotten', forgotten)]
  }

  #keep(of: Receiver, now: Seen): void {
    const mine = this.#unwritten.get(of.tenant) ?? new Map()
    this.#unwritten.set(of.tenant, mine)
    mine.set(keyOf(of), { of, seen: now })
    if (mine.size > MOST_OF_TENANT) for (const oldest of [...mine.keys()].slice(0, 1)) mine.delete(oldest)
  }
}

/** Pure. */
export function seen(before: Seen | undefined, health: Health, nowMs: number): Seen {
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
export function joined(older: Seen, newer: Seen): Seen {
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
