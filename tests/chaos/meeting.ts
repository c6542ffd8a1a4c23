// A small history whose faults are not left to chance: one mail, which its receiver holds in its hands while it is called
// off, and blows at chosen units of the process that runs it. Which unit does what is the engine's business: the blows are
// tried at one after the other.
//
//   announce ─► the process is struck where the blows say ─► the receiver has the mail ─► cancel ─► the mail takes effect
//
// A unit that is held back, or comes late, arrives when the receiver has the mail, or right behind a later unit. Whoever wrote
// it waits for the one that is held back; of one that comes late he hears at once that his connection broke, and goes on.

import type { CancelOutcome } from '../../server/src/core/cancellation.ts'
import { makeId, shardOfEntity } from '../../server/src/core/ids.ts'
import type { ChaosDatabase } from './chaos-database.ts'
import { EngineProcess } from './engine-process.ts'
import { check, type Violation } from './judge/checker.ts'
import { type Fact, Facts, NOTHING_PLANNED, type PlannedEvent } from './judge/facts.ts'
import { Choices } from './seeded.ts'
import { Simulation } from './simulation.ts'
import type { Fate, UnitInfo } from './wire-proxy.ts'
import { announcementOf, EVENT_KIND, TENANT, World } from './world.ts'

export type Blow = {
  /** The n-th unit that the process writes once the mail is announced. */
  readonly at: number
  readonly is: 'answer lost' | 'held back' | 'comes late'
  /** It arrives right behind this one, or when the receiver has the mail, whichever is first. */
  readonly behind?: number
}

/** `commits`: its answer says that a transaction is over. */
export type Written = { readonly label: string; commits: boolean }

export type Met = {
  readonly violations: readonly Violation[]
  readonly facts: readonly Fact[]
  readonly trace: readonly string[]
  /** Units that the process wrote, in order, until the receiver had the mail for the first time. */
  readonly units: readonly Written[]
  /** How many of the blows found a unit. */
  readonly struck: number
  /** Simulated milliseconds. */
  readonly lastedMs: number
  readonly deadlocks: number
}

const SOON_MS = 0.3
/** Longer than any pause of the loop. */
const WAIT_MS = 3000
const FINAL_AFTER_MS = 30_000

const MAIL: PlannedEvent = {
  title: 'E',
  key: 'k',
  entity: 'order',
  parent: null,
  early: 'absorb',
  effects: [
    {
      title: 'E.mail',
      kind: 'mail',
      afterMs: 0,
      link: 'cancel',
      maxAttempts: 3,
      script: ['takes'],
      next: NOTHING_PLANNED,
    },
  ],
}

export async function meet(database: ChaosDatabase, blows: readonly Blow[]): Promise<Met> {
  const simulation = await Simulation.on(database)
  try {
    return await new Meeting(simulation, database, blows).run()
  } finally {
    await simulation[Symbol.asyncDispose]()
  }
}

class Meeting {
  private readonly simulation: Simulation
  private readonly database: ChaosDatabase
  private readonly facts: Facts
  private readonly world: World
  private readonly blows: readonly Blow[]
  private readonly units: Written[] = []
  private readonly written = new Map<string, Written>()
  /** Who comes behind which unit. */
  private readonly waiting: { readonly behind: number; readonly resolve: () => void }[] = []
  private struck = 0
  private counts = false
  private hasCome = false
  private readonly arrived = Promise.withResolvers<void>()

  constructor(simulation: Simulation, database: ChaosDatabase, blows: readonly Blow[]) {
    this.simulation = simulation
    this.database = database
    this.blows = blows
    this.facts = new Facts(simulation)
    this.world = new World(simulation, this.facts, { seed: 0, slots: 1, steered: true })
  }

  async run(): Promise<Met> {
    const { simulation, facts, world } = this
    const runner = await this.process('runner', unit => this.fateOf(unit))
    const caller = await this.process('caller', () => ({ requestMs: SOON_MS, answerMs: SOON_MS }))
    await simulation.until(runner.start())
    await simulation.pass(20)

    const id = makeId(shardOfEntity(TENANT, MAIL.entity), simulation.epochMs, n =>
      new Choices(0, 'event').bytes(n),
    )
    facts.add({ is: 'announce asked', op: 1, eventId: id, event: MAIL })
    this.counts = true
    const announced = caller.call((engine, db) =>
      db.transaction('announce', tx => engine.announce(tx, [announcementOf(MAIL, { id })])),
    )
    const [result] = await simulation.until(announced)
    if (result) facts.add({ is: 'announce answered', op: 1, result })

    for (let ms = 200; ms < WAIT_MS; ms += 200) simulation.after(ms, null, '', () => this.wake(caller))
    void world.arrived(1).then(() => this.arrived.resolve())
    simulation.after(WAIT_MS, null, 'nothing has come', () => this.arrived.resolve())
    await simulation.until(this.arrived.promise)
    this.counts = false
    this.hasCome = world.waiting.length > 0
    // What was held back arrives.
    await simulation.pass(10)
    await this.cancel(caller)
    for (const arrival of [...world.waiting]) {
      arrival.takeEffect()
      arrival.answer({ is: 'done', evidence: { said: '250' } })
    }
    await this.end(caller, id)
    const { trace, now: lastedMs, deadlocks } = simulation
    const violations = check(facts.all, {
      innerSteps: 'not counted',
      finalAfterMs: FINAL_AFTER_MS,
      beatMs: 1000,
    })
    const { units, struck } = this
    // Of what is held back until the mail has come, the loop may wait for just as long.
    const mustCome = this.blows.every(({ is, behind }) => is === 'answer lost' || behind !== undefined)
    if (mustCome && !this.hasCome)
      violations.push({ rule: 'I7', what: `E.mail has not come to its receiver within ${WAIT_MS} ms` })
    return { violations, facts: facts.all, trace, units, struck, lastedMs, deadlocks }
  }

  private async process(name: string, fateOf: (unit: UnitInfo) => Fate): Promise<EngineProcess> {
    const { simulation, facts, world, database } = this
    return await EngineProcess.make({
      name,
      seed: 0,
      simulation,
      facts,
      world,
      postgres: database.options,
      fates: { fateOf, notificationMs: () => SOON_MS },
      events: {
        answered: ({ from, label, nth }, status) => {
          const written = from === 'runner' ? this.written.get(`${label} ${nth}`) : undefined
          if (written) written.commits = status === 'I'
        },
      },
      // Nothing but the loop: what a blow hits does not depend on when a maintenance job runs.
      engine: {
        finalAfterMs: FINAL_AFTER_MS,
        careEveryMs: 1_000_000,
        runner: { beatMs: 1_000_000, leaseMs: 2_000_000 },
      },
    })
  }

  private fateOf(unit: UnitInfo): Fate {
    const fate = { requestMs: SOON_MS, answerMs: SOON_MS }
    if (!this.counts) return fate
    const written = { label: unit.label, commits: false }
    this.units.push(written)
    this.written.set(`${unit.label} ${unit.nth}`, written)
    const number = this.units.length
    for (const { behind, resolve } of this.waiting) if (behind === number) resolve()
    const blow = this.blows.find(({ at }) => at === number)
    if (!blow) return fate
    this.struck += 1
    this.simulation.note(`blow: ${unit.label} #${unit.nth} ${blow.is}`)
    this.facts.add({ is: 'fault', process: 'runner', what: `${unit.label} ${blow.is}` })
    if (blow.is === 'answer lost') return { ...fate, breaks: 'answer lost' }
    const requestAfter = Promise.race([this.arrived.promise, this.unitWritten(blow.behind)])
    return blow.is === 'held back'
      ? { ...fate, requestAfter }
      : { ...fate, requestAfter, breaks: 'request late' }
  }

  private unitWritten(behind: number | undefined): Promise<void> {
    return new Promise(resolve => {
      if (behind !== undefined) this.waiting.push({ behind, resolve })
    })
  }

  /** Other work comes, as it always does: the loop looks again at what is due. */
  private wake(caller: EngineProcess): void {
    if (!this.counts) return
    this.others += 1
    const other = { ...MAIL, title: `other ${this.others}`, key: null, effects: [] }
    const effect = { ...MAIL.effects[0]!, title: `${other.title}.delay`, kind: 'delay' } as const
    const announcement = announcementOf({ ...other, effects: [effect] })
    void caller.call((engine, db) => db.transaction('announce', tx => engine.announce(tx, [announcement])))
  }

  private others = 0

  private async cancel(caller: EngineProcess): Promise<void> {
    const { simulation, facts } = this
    const request = {
      tenant: TENANT,
      target: { key: MAIL.key ?? '', entity: MAIL.entity, kind: EVENT_KIND },
      by: { principal: 'app:ann', api: 'native', name: 'ann' },
    } as const
    facts.add({ is: 'cancel asked', op: 2, request })
    const outcome: CancelOutcome = await simulation.until(caller.call(engine => engine.cancel(request)))
    facts.add({ is: 'cancel answered', op: 2, outcome })
    simulation.note(`the cancel is answered: ${JSON.stringify(outcome)}`)
    if (!('receiptId' in outcome)) return
    this.receiptId = outcome.receiptId
    await this.readReceipt(caller)
  }

  private receiptId = ''

  private async readReceipt(caller: EngineProcess): Promise<void> {
    const { simulation, facts, receiptId } = this
    const askedAt = simulation.now
    const receipt = await simulation.until(caller.call(engine => engine.receipt(TENANT, receiptId)))
    if (!receipt) return
    simulation.note(`the receipt is ${receipt.state}: ${receipt.items.map(i => `${i.title} ${i.outcome}`)}`)
    facts.add({ is: 'receipt read', askedAt, receipt })
  }

  private async end(caller: EngineProcess, id: string): Promise<void> {
    const { simulation, facts } = this
    await simulation.pass(FINAL_AFTER_MS + 1000)
    await this.readReceipt(caller)
    const effects = await simulation.until(caller.call(engine => engine.effectsOf(TENANT, id)))
    facts.add({ is: 'effects read', eventId: id, effects })
    facts.add({ is: 'over' })
  }
}
