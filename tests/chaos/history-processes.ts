// The server processes of a history: each stands in a slot, may be frozen, killed, stopped and started again, and is asked for
// work while it lives.

import type { Engine } from '../../server/src/engine/engine.ts'
import {
  type Database,
  type DatabaseOptions,
  DatabaseOverloaded,
  isUnavailable,
} from '../../server/src/store/database.ts'
import { EngineProcess } from './engine-process.ts'
import type { FaultPlan } from './fault-plan.ts'
import type { Facts } from './judge/facts.ts'
import type { Script, Step } from './script.ts'
import { chance } from './seeded.ts'
import type { Simulation } from './simulation.ts'
import { TENANT, type World } from './world.ts'

/** After this a receipt is final. */
export const FINAL_AFTER_MS = 30_000

type ProcessSlot = { readonly number: number; lives: number; now: EngineProcess | null }

export type Surroundings = {
  readonly seed: number
  readonly postgres: DatabaseOptions
  readonly simulation: Simulation
  readonly script: Script
  readonly facts: Facts
  readonly world: World
  readonly faults: FaultPlan
}

export class HistoryProcesses {
  private readonly seed: number
  private readonly postgres: DatabaseOptions
  private readonly simulation: Simulation
  private readonly script: Script
  private readonly facts: Facts
  private readonly world: World
  private readonly faults: FaultPlan
  private readonly slots: ProcessSlot[] = []
  /** What is under way. */
  private readonly open = new Set<Promise<void>>()
  private calm = false

  constructor({ seed, postgres, simulation, script, facts, world, faults }: Surroundings) {
    this.seed = seed
    this.postgres = postgres
    this.simulation = simulation
    this.script = script
    this.facts = facts
    this.world = world
    this.faults = faults
  }

  get isBusy(): boolean {
    return this.open.size > 0
  }

  async start(): Promise<void> {
    for (let i = 0; i < this.script.processes; i++) {
      const slot: ProcessSlot = { number: i, lives: 0, now: null }
      this.slots.push(slot)
      await this.startAt(slot)
    }
  }

  async stop(): Promise<void> {
    for (const { now } of this.slots) if (now) await this.simulation.until(now.stop())
  }

  /** Before anything goes wrong; on simulated time, so that a slow machine is nothing that goes wrong. */
  async makeSandbox(): Promise<void> {
    const { seed, simulation, facts, world, postgres } = this
    const fates = { fateOf: () => ({ requestMs: 0.1, answerMs: 0.1 }), notificationMs: () => null }
    const founder = await EngineProcess.make({
      name: 'founder',
      seed,
      simulation,
      facts,
      world,
      postgres,
      fates,
    })
    await simulation.until(
      founder.call((engine, db) => db.transaction('sandbox', tx => engine.putTenant(tx, TENANT, true))),
    )
    founder.kill()
  }

  private async startAt(slot: ProcessSlot): Promise<void> {
    const { seed, simulation, facts, world, postgres, script, faults } = this
    slot.lives += 1
    const name = `${'ABC'[slot.number]}${slot.lives}`
    const process = await EngineProcess.make({
      name,
      seed,
      simulation,
      facts,
      world,
      postgres,
      fates: faults,
      engine: {
        maxMarkedAtOnce: script.maxMarkedAtOnce,
        finalAfterMs: FINAL_AFTER_MS,
        careEveryMs: script.careEveryMs,
        runner: { beatMs: script.beatMs, leaseMs: script.leaseMs, graceMs: 3000 },
      },
    })
    slot.now = process
    this.track(
      process.start().catch(() => {
        // As a server does whose database is away when it starts: it ends, and is started again.
        if (process.isLive) process.kill()
        simulation.after(300, null, '', () => this.startAt(slot))
      }),
    )
  }

  freeze({ process, forMs }: { readonly process: number; readonly forMs: number }): void {
    const now = this.slots[process]?.now
    if (!now?.isLive || this.calm) return
    now.freeze()
    this.simulation.after(forMs, null, '', () => {
      if (now.isFrozen) now.thaw()
    })
  }

  takeAway(step: Step & { readonly do: 'kill' | 'stop' }): void {
    const slot = this.slots[step.process]
    const now = slot?.now
    if (!slot || !now?.isLive || this.calm) return
    if (step.do === 'kill') now.kill()
    else this.track(now.stop())
    this.simulation.after(step.backAfterMs, null, '', () => this.startAt(slot))
  }

  /** As when PostgreSQL is killed and started again: every connection breaks, what is not committed is undone. */
  databaseAway(forMs: number): void {
    if (this.calm) return
    const proxies = this.live().map(process => process.proxy)
    for (const { name } of this.live())
      this.facts.add({ is: 'fault', process: name, what: 'the database is away' })
    for (const proxy of proxies) {
      proxy.refuses = true
      proxy.cutAll()
    }
    this.simulation.note('the database is away')
    this.simulation.after(forMs, null, '', () => {
      this.simulation.note('the database is back')
      for (const proxy of proxies) proxy.refuses = false
    })
  }

  live(): EngineProcess[] {
    return this.slots.flatMap(({ now }) => (now?.isLive ? [now] : []))
  }

  /** Asks some process that lives; when none does, a while later. */
  ask(
    op: number,
    asked: string,
    work: (engine: Engine, db: Database) => Promise<void>,
    failed: () => void = () => {},
  ): void {
    const live = this.live()
    if (live.length === 0) {
      this.simulation.after(500, null, '', () => this.ask(op, asked, work, failed))
      return
    }
    const process = live[Math.floor(chance(this.seed, 'who', asked, op) * live.length)] as EngineProcess
    this.simulation.note(`${process.name} is asked to ${asked}`)
    this.track(
      process.serve(work).catch(error => {
        const unavailable = isUnavailable(error) || error instanceof DatabaseOverloaded
        this.facts.add({ is: 'failed', op, asked, error: String(error), unavailable })
        this.simulation.note(`to ${asked} failed: ${String(error)}`)
        failed()
      }),
    )
  }

  private track(work: Promise<void>): void {
    const one = work.finally(() => this.open.delete(one))
    this.open.add(one)
  }

  /** Nothing goes wrong from here on; whoever was frozen or away comes back. */
  async becalm(): Promise<void> {
    const { simulation, facts, faults } = this
    this.calm = true
    faults.end()
    facts.add({ is: 'calm' })
    simulation.note('calm')
    for (const { now } of this.slots) if (now?.isFrozen) now.thaw()
    // Whoever was to come back does so within this time.
    await simulation.pass(5500)
    if (this.live().length === 0) await this.startAt(this.slots[0] as ProcessSlot)
  }
}
