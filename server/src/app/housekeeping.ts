// What nobody needs any more is deleted in the background, a small batch at a time: the chores of all rooms, each at its own
// pace and at rest for a minute when it is done. Every process does this; each chore sees to it that two do not meet.

import { setTimeout as pause } from 'node:timers/promises'
import type { Engine } from '../engine/engine.ts'

export type Chore = {
  readonly name: string
  /** One batch: how many of what went, and whether there is more to do at once. */
  batch(): Promise<{ readonly gone: Gone; readonly more: boolean }>
}

/** Rows by what they are: `{ events: 3, effects: 5 }`. */
export type Gone = { readonly [what: string]: number }

export type HousekeepingOptions = {
  readonly chores: readonly Chore[]
  /** How long a chore that is done rests, ms. Default a minute; it begins as long after the start. */
  readonly everyMs?: number
  /** Between two batches, ms: others want the database too. Default 20. */
  readonly pauseMs?: number
  /** Told after every batch that deleted something. */
  readonly onGone?: (chore: string, gone: Gone) => void
  readonly onError?: (chore: string, error: unknown) => void
}

export class Housekeeping {
  readonly #options: HousekeepingOptions
  readonly #stopping = new AbortController()
  #working: Promise<unknown> = Promise.resolve()

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  start(): void {
    this.#working = Promise.all(this.#options.chores.map(chore => this.#goOn(chore)))
  }

  /** Resolves when the batches that are under way have ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#working
  }

  /** Every chore, until it has nothing more to do. */
  async round(): Promise<void> {
    for (const chore of this.#options.chores) await this.#do(chore)
  }

  async #goOn(chore: Chore): Promise<void> {
    const { everyMs = 60_000 } = this.#options
    for (;;) {
      await this.#wait(everyMs)
      if (this.#stopping.signal.aborted) return
      await this.#do(chore)
    }
  }

  /** Until there is nothing more to do, or it fails. */
  async #do(chore: Chore): Promise<void> {
    const { pauseMs = 20, onGone, onError } = this.#options
    try {
      for (let more = true; more && !this.#stopping.signal.aborted; ) {
        const batch = await chore.batch()
        more = batch.more
        if (Object.values(batch.gone).some(count => count > 0)) onGone?.(chore.name, batch.gone)
        if (more) await this.#wait(pauseMs)
      }
    } catch (error) {
      onError?.(chore.name, error)
    }
  }

  async #wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {})
  }
}

/** What `choresOf` needs of the rooms. */
export type ChoreNeeds = {
  readonly engine: Pick<Engine, 'sweep' | 'sweepRequestKeys' | 'hold'>
  readonly mail: { dropOlderThan(ms: number, most: number): Promise<number> }
  readonly webhookSecrets: { dropExpired(): Promise<number> }
  readonly auth: { dropExpired(): Promise<number> }
  /** RETENTION; null: for ever. What has an end of its own (secrets, sessions) goes all the same. */
  readonly retentionMs: number | null
}

const HOUR = 3_600_000
const MOST = 1000

export function choresOf({ engine, mail, webhookSecrets, auth, retentionMs }: ChoreNeeds): readonly Chore[] {
  const expired = [
    once('webhook_secrets', () => webhookSecrets.dropExpired()),
    once('sign_ins', () => auth.dropExpired()),
  ]
  if (retentionMs === null) return expired
  const everyMs = Math.max(HOUR, Math.min(6 * HOUR, retentionMs / 24))
  return [
    {
      name: 'finished work',
      async batch() {
        const { more, ...gone } = await engine.sweep({ retentionMs, everyMs })
        return { gone, more }
      },
    },
    choreOf('request_keys', MOST, most => engine.sweepRequestKeys(retentionMs, most)),
    // While on hold nothing goes: it shows what was sent before the backup.
    choreOf('mail', MOST, async most =>
      (await engine.hold('')) === null ? await mail.dropOlderThan(retentionMs, most) : 0,
    ),
    ...expired,
  ]
}

/** A chore that deletes at most so many rows at a time, and says how many went. */
function choreOf(what: string, most: number, run: (most: number) => Promise<number>): Chore {
  return {
    name: what,
    async batch() {
      const count = await run(most)
      return { gone: { [what]: count }, more: count >= most }
    },
  }
}

/** One that needs no batches: there are never many. */
function once(what: string, run: () => Promise<number>): Chore {
  return choreOf(what, Number.POSITIVE_INFINITY, run)
}
