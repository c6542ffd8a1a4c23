// Caches for rarely changed rows. Each change raises one number in the database, the revision; a cache is emptied when it sees a new
// one. This process sees its own changes at once, and those of other processes within `LOOK_AGAIN_MS`.

import type { Database, Tx } from '../store/database.ts'
import { sql } from './statements.ts'

/** How long another process may still use what was changed or revoked here. */
export const LOOK_AGAIN_MS = 5_000

export class Revision {
  readonly #db: Database
  readonly #now: () => Date
  #value = 0
  #readAtMs = Number.NEGATIVE_INFINITY
  #reading: Promise<number> | null = null

  constructor(db: Database, now: () => Date) {
    this.#db = db
    this.#now = now
  }

  /** The revision if it was read recently; null: `current` must read it. */
  fresh(): number | null {
    const age = this.#now().getTime() - this.#readAtMs
    return age >= 0 && age < LOOK_AGAIN_MS ? this.#value : null
  }

  async current(): Promise<number> {
    return this.fresh() ?? (await this.#read())
  }

  /** To be called in the transaction of a change. */
  async raise(tx: Tx): Promise<void> {
    await tx.query(sql('raise-revision'))
    tx.afterCommit(() => this.expire())
  }

  expire(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY
    // A read that is running may have begun before the change, so its answer must not count as new.
    this.#reading = null
  }

  async #read(): Promise<number> {
    if (this.#reading) return this.#reading
    const startedAtMs = this.#now().getTime()
    const reading: Promise<number> = this.#db
      .query<{ revision: number }>(sql('read-revision'))
      .then(rows => {
        const value = rows[0]?.revision ?? 0
        if (this.#reading === reading) {
          this.#value = value
          this.#readAtMs = startedAtMs
        }
        return value
      })
      .finally(() => {
        if (this.#reading === reading) this.#reading = null
      })
    this.#reading = reading
    return reading
  }
}

/**
 * Answers by key, all of one revision, at most `maxEntries`; the least recently used one is dropped. Callers with the same key wait for
 * the same read.
 */
export class RevisionCache<V> {
  readonly #revision: Revision
  readonly #maxEntries: number
  readonly #entries = new Map<string, Promise<V>>()
  #of = -1

  constructor(revision: Revision, maxEntries: number) {
    this.#revision = revision
    this.#maxEntries = maxEntries
  }

  async get(key: string, load: () => Promise<V>): Promise<V> {
    const revision = this.#revision.fresh() ?? (await this.#revision.current())
    if (revision !== this.#of) {
      this.#entries.clear()
      this.#of = revision
    }
    const known = this.#entries.get(key)
    if (known) {
      this.#entries.delete(key)
      this.#entries.set(key, known)
      return known
    }
    const loading = load()
    this.#entries.set(key, loading)
    if (this.#entries.size > this.#maxEntries) this.#entries.delete(this.#entries.keys().next().value!)
    loading.catch(() => {
      if (this.#entries.get(key) === loading) this.#entries.delete(key)
    })
    return loading
  }

  forget(key: string): void {
    this.#entries.delete(key)
  }
}
