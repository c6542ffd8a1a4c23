// A whole engine on a fresh database, with carriers that a test steers.

import { randomBytes } from 'node:crypto'
import type { Carrier } from '../../server/src/core/effects/carrier.ts'
import type { StartedEffect, Verdict } from '../../server/src/core/effects/effect.ts'
import type { Random } from '../../server/src/core/ids.ts'
import { Engine, type EngineOptions } from '../../server/src/engine/engine.ts'
import { type TestDatabase, testDatabase } from './database.ts'

export const random: Random = bytes => randomBytes(bytes)

/** A carrier whose every run is recorded and waits for the test to say how it ends. */
export class SteeredCarrier implements Carrier {
  readonly kind: string
  readonly slots: number
  readonly maxAttempts: number
  readonly runs: SteeredRun[] = []
  private readonly waiters: { readonly count: number; readonly resolve: () => void }[] = []
  /** When set, runs end by themselves with this. */
  answer: ((effect: StartedEffect) => Verdict) | null = null

  constructor(
    kind: string,
    options: { slots?: number; maxAttempts?: number; answer?: (effect: StartedEffect) => Verdict } = {},
  ) {
    this.kind = kind
    this.slots = options.slots ?? 100
    this.maxAttempts = options.maxAttempts ?? 3
    this.answer = options.answer ?? null
  }

  run(effect: StartedEffect, signal: AbortSignal): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>()
    this.runs.push({ effect, signal, end: resolve })
    for (const waiter of this.waiters) if (this.runs.length >= waiter.count) waiter.resolve()
    if (this.answer) resolve(this.answer(effect))
    return promise
  }

  /** Ends what runs, and all that is yet to run: an engine that stops waits for nothing. */
  letGo(): void {
    const over: Verdict = { is: 'retry', error: 'the test is over', mayHaveHappened: true, afterMs: 60_000 }
    this.answer = () => over
    for (const run of this.runs) run.end(over)
  }

  /** Resolves when `count` runs have begun in all. */
  async begun(count: number): Promise<SteeredRun> {
    if (this.runs.length < count) await new Promise<void>(resolve => this.waiters.push({ count, resolve }))
    return this.runs[count - 1] as SteeredRun
  }
}

export type SteeredRun = {
  readonly effect: StartedEffect
  readonly signal: AbortSignal
  readonly end: (verdict: Verdict) => void
}

export type TestEngine = AsyncDisposable & { readonly engine: Engine; readonly database: TestDatabase }

export async function testEngine(
  carriers: readonly Carrier[],
  options: Partial<EngineOptions> & {
    domains?: Parameters<Engine['register']>[0]['domains']
    start?: boolean
  } = {},
): Promise<TestEngine> {
  const database = await testDatabase()
  const engine = new Engine({ db: database.db, random, ...options })
  engine.register({ carriers, domains: options.domains })
  if (options.start !== false) await engine.start()
  return {
    engine,
    database,
    async [Symbol.asyncDispose]() {
      for (const carrier of carriers) if (carrier instanceof SteeredCarrier) carrier.letGo()
      await engine.stop()
      await database[Symbol.asyncDispose]()
    },
  }
}
