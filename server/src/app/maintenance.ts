// Maintenance deletes in the background what is not needed any more, in small batches. It runs the maintenance jobs of all rooms, each
// at its own pace, with a pause of a minute after a job is done. Every process does this; each job itself makes sure that two
// processes do not get in each other's way.

import { setTimeout as pause } from 'node:timers/promises'
import type { Engine } from '../engine/engine.ts'

export type MaintenanceJob = {
  readonly name: string
  /** Runs one batch. Returns how many rows it deleted, and whether there is more to do at once. */
  batch(): Promise<{ readonly gone: Gone; readonly more: boolean }>
}

/** Deleted rows by what they are: `{ events: 3, effects: 5 }`. */
export type Gone = { readonly [what: string]: number }

type MaintenanceOptions = {
  readonly jobs: readonly MaintenanceJob[]
  /** Pause after a job is done, ms; the first run begins as long after the start. Default a minute. */
  readonly everyMs?: number
  /** Pause between two batches, ms, so that others get the database too. Default 20. */
  readonly pauseMs?: number
  /** Called after every batch that deleted something. */
  readonly onGone?: (job: string, gone: Gone) => void
  readonly onError?: (job: string, error: unknown) => void
}

export class Maintenance {
  readonly #options: MaintenanceOptions
  readonly #stopping = new AbortController()
  #working: Promise<unknown> = Promise.resolve()

  constructor(options: MaintenanceOptions) {
    this.#options = options
  }

  start(): void {
    this.#working = Promise.all(this.#options.jobs.map(job => this.#repeat(job)))
  }

  /** Resolves when the running batches have ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#working
  }

  /** Runs every job until it has nothing more to do. */
  async round(): Promise<void> {
    for (const job of this.#options.jobs) await this.#runToEnd(job)
  }

  async #repeat(job: MaintenanceJob): Promise<void> {
    const { everyMs = 60_000 } = this.#options
    for (;;) {
      await this.#wait(everyMs)
      if (this.#stopping.signal.aborted) return
      await this.#runToEnd(job)
    }
  }

  /** Runs batches until there is nothing more to do, or one fails. */
  async #runToEnd(job: MaintenanceJob): Promise<void> {
    const { pauseMs = 20, onGone, onError } = this.#options
    try {
      for (let more = true; more && !this.#stopping.signal.aborted; ) {
        const batch = await job.batch()
        more = batch.more
        if (Object.values(batch.gone).some(count => count > 0)) onGone?.(job.name, batch.gone)
        if (more) await this.#wait(pauseMs)
      }
    } catch (error) {
      onError?.(job.name, error)
    }
  }

  async #wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {})
  }
}

/** What `maintenanceJobs` needs of the rooms. */
type MaintenanceJobNeeds = {
  readonly engine: Pick<Engine, 'sweep' | 'sweepRequestKeys' | 'hold'>
  readonly mail: { dropOlderThan(ms: number, limit: number): Promise<number> }
  readonly webhookSecrets: { dropExpired(): Promise<number> }
  readonly auth: { dropExpired(): Promise<number> }
  /** RETENTION; null: for ever. What expires by itself (secrets, sessions) is deleted in any case. */
  readonly retentionMs: number | null
}

const HOUR = 3_600_000
const MAX_ROWS = 1000

export function maintenanceJobs({
  engine,
  mail,
  webhookSecrets,
  auth,
  retentionMs,
}: MaintenanceJobNeeds): readonly MaintenanceJob[] {
  const expired = [
    unbatchedJob('webhook_secrets', () => webhookSecrets.dropExpired()),
    unbatchedJob('sign_ins', () => auth.dropExpired()),
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
    batchedJob('request_keys', MAX_ROWS, limit => engine.sweepRequestKeys(retentionMs, limit)),
    // While on hold no mail is deleted: it shows what was sent before the backup.
    batchedJob('mail', MAX_ROWS, async limit =>
      (await engine.hold('')) === null ? await mail.dropOlderThan(retentionMs, limit) : 0,
    ),
    ...expired,
  ]
}

/** `run` deletes at most `limit` rows, and returns how many it deleted. */
function batchedJob(what: string, limit: number, run: (limit: number) => Promise<number>): MaintenanceJob {
  return {
    name: what,
    async batch() {
      const count = await run(limit)
      return { gone: { [what]: count }, more: count >= limit }
    },
  }
}

/** A job without batches: there are never many rows. */
function unbatchedJob(what: string, run: () => Promise<number>): MaintenanceJob {
  return batchedJob(what, Number.POSITIVE_INFINITY, run)
}
