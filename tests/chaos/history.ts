// One history: what its script says is done to real engines on a real database, with the faults of its seed, then all is
// calm, everything comes to its end, and the checker judges.

import type { CancelRequest } from '../../server/src/core/cancellation.ts'
import { makeId, shardOfEntity } from '../../server/src/core/ids.ts'
import type { Engine } from '../../server/src/engine/engine.ts'
import type { DatabaseOptions } from '../../server/src/store/database.ts'
import type { ChaosDatabase } from './chaos-database.ts'
import { FaultPlan, weatherOf } from './fault-plan.ts'
import { FINAL_AFTER_MS, HistoryProcesses } from './history-processes.ts'
import { answerTo, requestBy, standingOf } from './history-shapes.ts'
import { check, type Violation } from './judge/checker.ts'
import { type Fact, Facts, type PlannedEvent } from './judge/facts.ts'
import { type Script, type Step, scriptOf } from './script.ts'
import { Choices, chance } from './seeded.ts'
import { Simulation } from './simulation.ts'
import { announcementOf, EVENT_KIND, newEffect, TENANT, World } from './world.ts'

export type HistoryResult = {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly facts: readonly Fact[]
  readonly trace: readonly string[]
  /** Simulated milliseconds. */
  readonly lastedMs: number
  readonly deadlocks: number
}

/** Between two looks at whether all has come to its end, and how long that may take. */
const LOOK_EVERY_MS = 6000
const ENDS_WITHIN_MS = 180_000

export async function runHistory(seed: number, database: ChaosDatabase): Promise<HistoryResult> {
  const simulation = await Simulation.on(database)
  const history = new History(seed, database.options, simulation, scriptOf(seed))
  try {
    await history.run()
  } finally {
    await simulation[Symbol.asyncDispose]()
  }
  return history.result()
}

class History {
  private readonly seed: number
  private readonly simulation: Simulation
  private readonly script: Script
  private readonly facts: Facts
  private readonly world: World
  private readonly processes: HistoryProcesses
  private readonly ids: Choices
  private readonly events = new Map<string, { readonly plan: PlannedEvent; readonly id: string }>()
  private readonly receipts = new Set<string>()
  private toAskAgain = 0
  /** Receipts that were seen final and events that were seen at their end, once all was calm: not looked at again for that. */
  private readonly ended = new Set<string>()

  constructor(seed: number, postgres: DatabaseOptions, simulation: Simulation, script: Script) {
    this.seed = seed
    this.simulation = simulation
    this.script = script
    this.facts = new Facts(simulation)
    this.world = new World(simulation, this.facts, { seed, slots: script.slots })
    const faults = new FaultPlan(seed, weatherOf(seed), simulation, (process, what) => {
      this.facts.add({ is: 'fault', process, what })
      simulation.note(`${process}: fault: ${what}`)
    })
    const { facts, world } = this
    this.processes = new HistoryProcesses({ seed, postgres, simulation, script, facts, world, faults })
    this.ids = new Choices(seed, 'event ids')
  }

  async run(): Promise<void> {
    const { simulation, script } = this
    const uncaught = (reason: unknown) => {
      const error = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
      this.facts.add({ is: 'error', process: 'some process', where: 'nowhere', error, uncaught: true })
    }
    process.on('unhandledRejection', uncaught)
    try {
      await this.processes.start()
      if (script.sandbox) await this.processes.makeSandbox()
      for (const step of script.steps) simulation.after(step.atMs, null, '', () => this.take(step))
      await simulation.pass(script.endMs)
      await this.processes.becalm()
      await this.comeToAnEnd()
      await this.readAll()
      this.facts.add({ is: 'over' })
      await this.processes.stop()
    } finally {
      process.off('unhandledRejection', uncaught)
    }
  }

  result(): HistoryResult {
    const { seed, simulation, facts, script } = this
    return {
      seed,
      violations: check(facts.all, {
        innerSteps: 'not counted',
        finalAfterMs: FINAL_AFTER_MS,
        beatMs: script.beatMs,
      }),
      facts: facts.all,
      trace: simulation.trace,
      lastedMs: simulation.now,
      deadlocks: simulation.deadlocks,
    }
  }

  private take(step: Step): void | Promise<void> {
    switch (step.do) {
      case 'announce':
        return this.announce(step.event)
      case 'cancel':
        return this.cancel(step, 0)
      case 'revise':
        return this.revise(step)
      case 'retry dead':
        return this.retryDead(step)
      case 'advance clock':
        return this.advanceClock(step.byMs)
      case 'answer offers':
        return this.answerOffers()
      case 'read receipts':
        return this.readReceipts()
      case 'freeze':
        return this.processes.freeze(step)
      case 'kill':
      case 'stop':
        return this.processes.takeAway(step)
      case 'database away':
        return this.processes.databaseAway(step.forMs)
      default:
        return step satisfies never
    }
  }

  private announce(event: PlannedEvent): void {
    const parent = event.parent && this.events.get(event.parent.title)
    if (event.parent && !parent) return
    const root = this.rootOf(event)
    const id = makeId(shardOfEntity(TENANT, root.entity), this.simulation.epochMs + this.simulation.now, n =>
      this.ids.bytes(n),
    )
    this.events.set(event.title, { plan: event, id })
    const op = this.facts.nextOp()
    this.facts.add({ is: 'announce asked', op, eventId: id, event })
    const announcement = announcementOf(event, {
      id,
      ...(parent && { parent: { id: parent.id, link: event.parent?.link ?? 'cancel' } }),
    })
    this.processes.ask(op, `announce ${event.title}`, async (engine, db) => {
      const [result] = await db.transaction('announce', tx => engine.announce(tx, [announcement]))
      if (result) this.facts.add({ is: 'announce answered', op, result })
    })
  }

  private rootOf(event: PlannedEvent): PlannedEvent {
    const parent = event.parent && this.events.get(event.parent.title)
    return parent ? this.rootOf(parent.plan) : event
  }

  private cancel(step: Step & { readonly do: 'cancel' }, tries: number): void {
    const planned = this.script.steps.find(s => s.do === 'announce' && s.event.title === step.event)
    const plan = planned?.do === 'announce' ? planned.event : null
    if (!plan) return
    const known = this.events.get(step.event)
    if (!known && (plan.key === null || !step.byKey)) return
    const byKey = plan.key !== null && (step.byKey || !known)
    const target = byKey
      ? { key: plan.key ?? '', entity: plan.entity, kind: EVENT_KIND }
      : { eventId: known?.id ?? '' }
    const request = {
      ...requestBy(step.by, target),
      requestKey: step.requestKey,
      early: byKey && step.earlyMs !== null ? { ttlMs: step.earlyMs } : null,
    }
    // The answer was lost, say: the same again.
    this.request(request, op => {
      if (!step.insists || tries >= 12) return
      this.toAskAgain += 1
      this.simulation.after(200 + 1500 * chance(this.seed, 'again', op), null, '', () => {
        this.toAskAgain -= 1
        this.cancel(step, tries + 1)
      })
    })
  }

  private request(request: CancelRequest, failed: ((op: number) => void) | null): void {
    const op = this.facts.nextOp()
    this.facts.add({ is: 'cancel asked', op, request })
    const what = 'key' in request.target ? request.target.key : request.target.eventId
    this.processes.ask(
      op,
      `cancel ${what}`,
      async engine => {
        const outcome = await engine.cancel(request)
        this.facts.add({ is: 'cancel answered', op, outcome })
        this.simulation.note(`cancel ${op} is answered: ${JSON.stringify(outcome)}`)
        if (!('receiptId' in outcome)) return
        this.receipts.add(outcome.receiptId)
        for (const ms of [2, 3000])
          this.simulation.after(ms, null, '', () => this.readReceipt(outcome.receiptId))
      },
      () => failed?.(op),
    )
  }

  private revise(step: Step & { readonly do: 'revise' }): void {
    const event = this.events.get(step.event)
    if (!event) return
    const op = this.facts.nextOp()
    this.facts.add({ is: 'revise asked', op, eventId: event.id, effects: step.effects })
    this.processes.ask(op, `revise ${step.event}`, async (engine, db) => {
      const revised = await db.transaction('revise', tx =>
        engine.revise(tx, { tenant: TENANT, eventId: event.id, effects: step.effects.map(newEffect) }),
      )
      const effectIds = revised.is === 'revised' ? revised.effectIds : []
      this.facts.add({ is: 'revise answered', op, result: revised.is, effectIds })
    })
  }

  private retryDead({ cancelAfterMs }: Step & { readonly do: 'retry dead' }): void {
    this.processes.ask(this.facts.nextOp(), 'dead', async engine => {
      for (const dead of await engine.dead(TENANT, 5)) {
        // What comes next was already announced by a delay that died.
        if (dead.kind === 'delay') continue
        const op = this.facts.nextOp()
        this.facts.add({ is: 'retry asked', op, effectId: dead.id })
        const result = await engine.retry(TENANT, dead.id)
        this.facts.add({ is: 'retry answered', op, result })
        this.simulation.note(`retry of ${dead.title}: ${result}`)
        const eventId = dead.event_id
        if (cancelAfterMs === null || result !== 'retried' || eventId === null) continue
        this.simulation.after(cancelAfterMs, null, '', () =>
          this.request(requestBy('ann', { eventId }), null),
        )
      }
    })
  }

  /** Waits for what is under way, which may hang: given up after a while. */
  private advanceClock(byMs: number): void {
    const op = this.facts.nextOp()
    this.facts.add({ is: 'clock asked', op, byMs })
    const giveUp = new AbortController()
    this.simulation.after(400, null, '', () => giveUp.abort())
    this.processes.ask(op, `advance the clock by ${byMs} ms`, async engine => {
      await engine.advanceClock(TENANT, byMs, undefined, giveUp.signal).catch(error => {
        if (!giveUp.signal.aborted) throw error
      })
      this.facts.add({ is: 'clock answered', op })
    })
  }

  private answerOffers(): void {
    for (const offer of this.world.shown.values()) {
      const op = this.facts.nextOp()
      this.facts.add({ is: 'end asked', op, effectId: offer.id })
      this.processes.ask(op, `answer ${offer.title}`, async (engine, db) => {
        const [result] = await db.transaction('end', tx => engine.end(tx, [answerTo(offer)]))
        this.facts.add({ is: 'end answered', op, result: result ?? 'gone' })
        this.simulation.note(`answer to ${offer.title}: ${result}`)
        this.world.shown.delete(offer.id)
      })
    }
  }

  private readReceipts(): void {
    for (const id of [...this.receipts].slice(-6)) this.readReceipt(id)
  }

  private readReceipt(id: string): void {
    const askedAt = this.simulation.now
    this.processes.ask(0, `receipt ${id}`, async engine => {
      const receipt = await engine.receipt(TENANT, id)
      if (receipt) this.facts.add({ is: 'receipt read', askedAt, receipt })
    })
  }

  private async comeToAnEnd(): Promise<void> {
    const { simulation } = this
    const until = simulation.now + ENDS_WITHIN_MS
    while (simulation.now < until) {
      this.answerOffers()
      await simulation.pass(LOOK_EVERY_MS)
      if (!this.processes.isBusy && this.toAskAgain === 0 && (await this.isOver())) return
    }
  }

  /** Looks aside of the processes, so that it costs no time of theirs. */
  private async isOver(): Promise<boolean> {
    const process = this.processes.live()[0]
    if (!process) return false
    return await this.simulation.until(
      process.call(async engine => {
        for (const id of this.receipts) {
          if (this.ended.has(id)) continue
          if ((await engine.receipt(TENANT, id))?.state !== 'final') return false
          this.ended.add(id)
        }
        for (const id of this.eventIds()) {
          if (this.ended.has(id)) continue
          const effects = await engine.effectsOf(TENANT, id)
          if (effects.some(effect => effect.state !== 'ended')) return false
          this.ended.add(id)
        }
        return true
      }),
    )
  }

  private async readAll(): Promise<void> {
    const process = this.processes.live()[0]
    if (!process) throw new Error('no process lives, though all is calm')
    const { facts, simulation } = this
    await simulation.until(
      process.call(async engine => {
        for (const id of this.receipts) {
          const receipt = await engine.receipt(TENANT, id)
          if (receipt) facts.add({ is: 'receipt read', askedAt: simulation.now, receipt })
        }
        for (const id of this.eventIds()) {
          const event = await engine.event(TENANT, id)
          const cancellationId = event?.cancellationId ?? null
          facts.add({ is: 'event read', eventId: id, here: event !== null, cancellationId })
          if (event === null) continue
          if (cancellationId !== null && !this.receipts.has(cancellationId))
            await this.readUnheard(engine, cancellationId)
          const effects = await engine.effectsOf(TENANT, id)
          facts.add({ is: 'effects read', eventId: id, effects: effects.map(standingOf) })
        }
      }),
    )
  }

  /** A receipt that nobody was told of, since the answer was lost. */
  private async readUnheard(engine: Engine, id: string): Promise<void> {
    this.receipts.add(id)
    const receipt = await engine.receipt(TENANT, id)
    if (receipt) this.facts.add({ is: 'receipt read', askedAt: this.simulation.now, receipt })
  }

  /** Of all events that were announced, or seen since. */
  private eventIds(): Set<string> {
    const ids = new Set([...this.events.values()].map(({ id }) => id))
    for (const fact of this.facts.all) {
      if (fact.is === 'began' && fact.eventId !== null) ids.add(fact.eventId)
      if (fact.is === 'receipt read') for (const item of fact.receipt.items) ids.add(item.eventId)
    }
    return ids
  }
}
