// The metrics of /metrics: prom-client behind counter, gauge and histogram. A family is registered once, with the names of its labels.
// A label's value is one of ours (a kind, an outcome, a declared route), never a caller's text: only MAX_SERIES would bound that.

import type * as Prom from 'prom-client'
import { withTimeout } from './with-timeout.ts'

export type Labels<Name extends string> = { readonly [name in Name]: string }

export interface Counter<Name extends string> {
  add(labels: Labels<Name>, by?: number): void
}

export interface Histogram<Name extends string> {
  /** `value` is in the unit at the end of the metric's name, usually seconds. */
  observe(labels: Labels<Name>, value: number): void
}

export type GaugeValues<Name extends string> = readonly {
  readonly labels: Labels<Name>
  readonly value: number
}[]

type Family<Name extends string> = {
  readonly name: string
  readonly help: string
  readonly labels: readonly Name[]
}

/** Series of one family. Further ones are not counted, so that a mistake of ours does not fill the memory. */
const MAX_SERIES = 2_000
/** How long reading a gauge may take during a scrape. If it takes longer, its lines are left out. */
const READ_WITHIN_MS = 2_000
/** How often the delay of the event loop is measured. */
const LOOP_LOOK_MS = 20
const DEFAULT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Loads prom-client. That takes a twentieth of a second, which a command that shows no metrics can save. */
export async function loadMetrics(): Promise<Metrics> {
  return new Metrics(await import('prom-client'))
}

export class Metrics {
  readonly contentType: string
  readonly #library: typeof Prom
  readonly #registry: Prom.Registry
  readonly #names = new Set<string>()

  constructor(library: typeof Prom) {
    this.#library = library
    this.#registry = new library.Registry()
    this.contentType = this.#registry.contentType
  }

  /** Counts up; its name ends in `_total`. */
  counter<Name extends string>(family: Family<Name>): Counter<Name> {
    const counter = new this.#library.Counter(this.#configured(family))
    const mayKeep = bounded(family.labels)
    return {
      add(labels, by = 1) {
        if (Number.isFinite(by) && mayKeep(labels)) counter.inc(labels, by)
      },
    }
  }

  /** Calls `read` at each scrape. If it throws or takes too long, the lines of this gauge are left out. */
  gauge<Name extends string>(
    family: Family<Name>,
    read: () => GaugeValues<Name> | Promise<GaugeValues<Name>>,
  ): void {
    const { labels } = family
    new this.#library.Gauge({
      ...this.#configured(family),
      async collect() {
        const values = await withTimeout(READ_WITHIN_MS, read).catch(() => [])
        this.reset()
        // `reset` sets a gauge without labels to 0, which would be a value that `read` did not give.
        if (labels.length === 0) this.remove()
        for (const { labels, value } of values.slice(0, MAX_SERIES)) this.set(labels, value)
      },
    })
  }

  /** Counts observations up to each of `buckets` (ascending). */
  histogram<Name extends string>(
    family: Family<Name>,
    buckets: readonly number[] = DEFAULT_BUCKETS,
  ): Histogram<Name> {
    const histogram = new this.#library.Histogram({ ...this.#configured(family), buckets: [...buckets] })
    const mayKeep = bounded(family.labels)
    return {
      observe(labels, value) {
        // prom-client throws for other values, and the code that is measured must not fail for that.
        if (Number.isFinite(value) && mayKeep(labels)) histogram.observe(labels, value)
      },
    }
  }

  /** Adds prom-client's own metrics of the process: event loop, heap, garbage collection, processor time. They cannot be stopped again. */
  watchProcess(): void {
    this.#library.collectDefaultMetrics({
      register: this.#registry,
      eventLoopMonitoringPrecision: LOOP_LOOK_MS,
    })
  }

  async text(): Promise<string> {
    return await this.#registry.metrics()
  }

  #configured<Name extends string>({ name, help, labels }: Family<Name>) {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`not a metric's name: ${name}`)
    if (this.#names.has(name)) throw new Error(`metric ${name} is registered twice`)
    this.#names.add(name)
    return { name, help, labelNames: [...labels], registers: [this.#registry] }
  }
}

/** The value of a gauge that has no labels. */
export function alone(value: number): GaugeValues<never> {
  return [{ labels: {}, value }]
}

function bounded<Name extends string>(names: readonly Name[]): (labels: Labels<Name>) => boolean {
  const seen = new Set<string>()
  return labels => {
    const key = names.map(name => labels[name]).join('\n')
    if (seen.has(key)) return true
    if (seen.size >= MAX_SERIES) return false
    seen.add(key)
    return true
  }
}
