// Callers, and what they saw.

import { type Cpu, type Meter, perCall } from './processes.ts'

export type Rate = {
  /** Calls a second. */
  readonly rate: number
  /** For each call. */
  readonly cpu: Cpu
}

export type Load = Rate & {
  /** Milliseconds that half of the calls, and 99 of 100, took at most. */
  readonly p50: number
  readonly p99: number
}

const UNMETERED: Meter = () => ({ node: null, database: null })

export type LoadOptions = {
  readonly callers: number
  readonly calls: number
  readonly meter?: Meter
  readonly call: (i: number) => Promise<unknown>
  /** What belongs to the calls and goes on behind them: its CPU time counts, its time does not. */
  readonly settled?: () => Promise<unknown>
}

/** `callers` at once, each beginning its next call when the last has ended, `calls` in all. */
export async function load({ callers, calls, call, meter = UNMETERED, settled }: LoadOptions): Promise<Load> {
  const took = new Float64Array(calls)
  let next = 0
  const before = meter()
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < calls) {
        const i = next++
        const at = performance.now()
        await call(i)
        took[i] = performance.now() - at
      }
    }),
  )
  const seconds = (performance.now() - begun) / 1000
  await settled?.()
  const cpu = perCall(before, meter(), calls)
  took.sort()
  return { rate: calls / seconds, p50: quantile(took, 0.5), p99: quantile(took, 0.99), cpu }
}

/** `work` does `calls` of something. */
export async function timed(meter: Meter, calls: number, work: () => Promise<unknown>): Promise<Rate> {
  const before = meter()
  const begun = performance.now()
  await work()
  const seconds = (performance.now() - begun) / 1000
  return { rate: calls / seconds, cpu: perCall(before, meter(), calls) }
}

/**
 * `perSecond` calls a second while `more` says so, whether or not earlier ones have ended; the milliseconds that 99 of 100
 * took at most, from the moment at which each was to begin.
 */
export async function pacedP99(
  perSecond: number,
  more: () => boolean,
  call: (i: number) => Promise<unknown>,
): Promise<number> {
  const took: number[] = []
  const calls: Promise<void>[] = []
  const begun = performance.now()
  while (more()) {
    const due = begun + (calls.length * 1000) / perSecond
    const early = due - performance.now()
    if (early > 0) {
      await pause(early)
      continue
    }
    calls.push(call(calls.length).then(() => void took.push(performance.now() - due)))
  }
  await Promise.all(calls)
  return quantile(took.sort(ascending), 0.99)
}

/** The value below which `q` of the sorted values lie. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
}

export function ascending(a: number, b: number): number {
  return a - b
}

/** Resolves when `is` says so; it is asked again and again. */
export async function until(is: () => boolean | Promise<boolean>, everyMs = 5): Promise<void> {
  while (!(await is())) await pause(everyMs)
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
