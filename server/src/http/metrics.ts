// What /metrics shows, in Prometheus' text format. A name is registered once; its values are told apart by labels.

export type Labels = { readonly [name: string]: string }

export interface Counter {
  add(labels?: Labels, by?: number): void
}

export interface Histogram {
  /** `value` in the unit that the name ends with, seconds by custom. */
  observe(value: number, labels?: Labels): void
}

type Series = {
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  read(): Promise<readonly string[]>
}

// A label whose values a caller can choose must not fill the memory.
const MOST_SERIES = 2_000
const DEFAULT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export class Metrics {
  readonly #series = new Map<string, Series>()

  /** Counts up; `name` ends in `_total`. */
  counter(name: string, help: string): Counter {
    const values = new Map<string, number>()
    this.#register(name, { help, type: 'counter', read: async () => lines(name, values) })
    return {
      add(labels = {}, by = 1) {
        const key = labelText(labels)
        if (values.size < MOST_SERIES || values.has(key)) values.set(key, (values.get(key) ?? 0) + by)
      },
    }
  }

  /** Read when it is asked for: a number, or numbers by labels. A reader that throws leaves its lines out. */
  gauge(name: string, help: string, read: () => GaugeValue | Promise<GaugeValue>): void {
    this.#register(name, {
      help,
      type: 'gauge',
      async read() {
        const value = await read()
        const values = typeof value === 'number' ? [{ labels: {}, value }] : value
        return lines(name, new Map(values.map(each => [labelText(each.labels), each.value])))
      },
    })
  }

  /** Counts observations up to each of `buckets` (ascending). */
  histogram(name: string, help: string, buckets: readonly number[] = DEFAULT_BUCKETS): Histogram {
    const values = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>()
    this.#register(name, {
      help,
      type: 'histogram',
      read: async () =>
        [...values.values()].flatMap(({ labels, counts, sum, count }) => [
          ...buckets.map((le, i) => `${name}_bucket${labelText({ ...labels, le: String(le) })} ${counts[i]}`),
          `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`,
          `${name}_sum${labelText(labels)} ${sum}`,
          `${name}_count${labelText(labels)} ${count}`,
        ]),
    })
    return {
      observe(value, labels = {}) {
        const key = labelText(labels)
        let at = values.get(key)
        if (!at) {
          if (values.size >= MOST_SERIES) return
          at = { labels, counts: buckets.map(() => 0), sum: 0, count: 0 }
          values.set(key, at)
        }
        at.sum += value
        at.count += 1
        for (let i = buckets.length - 1; i >= 0 && value <= buckets[i]!; i--) at.counts[i]! += 1
      },
    }
  }

  async text(): Promise<string> {
    const parts: string[] = []
    for (const [name, series] of this.#series) {
      let read: readonly string[]
      try {
        read = await series.read()
      } catch {
        continue
      }
      parts.push(`# HELP ${name} ${series.help}`, `# TYPE ${name} ${series.type}`)
      for (const sample of read) parts.push(sample)
    }
    return `${parts.join('\n')}\n`
  }

  #register(name: string, series: Series): void {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`not a metric's name: ${name}`)
    if (this.#series.has(name)) throw new Error(`metric ${name} is registered twice`)
    this.#series.set(name, series)
  }
}

export type GaugeValue = number | readonly { readonly labels: Labels; readonly value: number }[]

function lines(name: string, values: ReadonlyMap<string, number>): readonly string[] {
  return [...values].map(([labels, value]) => `${name}${labels} ${value}`)
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  )
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}
