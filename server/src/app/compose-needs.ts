// What a server is composed of.

import type { Config } from '../config/config.ts'
import type { Random } from '../core/ids.ts'
import type { FailingReceiversOptions } from '../delivery/failing-receivers.ts'
import type { RunnerOptions } from '../engine/run/runner.ts'
import type { Metrics } from '../http/metrics.ts'
import type { OpenDatabase } from '../postgres/open-database.ts'

export type ComposeNeeds = {
  readonly config: Config
  readonly database: OpenDatabase
  readonly now: () => Date
  readonly random: Random
  readonly metrics: Metrics
  /** Where log lines go. Default: standard output. */
  readonly logStream?: { write(textLine: string): void }
  readonly runner?: RunnerOptions
  /** Callers that may wait for a batch of one verb; beyond, 503. Default 10,000. */
  readonly maxQueue?: number
  /** The clock of the watch over failing receivers; tests only. */
  readonly receivers?: Partial<Pick<FailingReceiversOptions, 'clock' | 'nowMs' | 'everyMs'>>
  /** Origin of the demo soft-phone, once it listens; null: none. */
  readonly softphoneOrigin: () => string | null
}
