// The model: random commands against the real engine on a real database, on a clock that the test moves, and the record by
// which it is judged afterwards. One model is one tenant of one database; several can be driven beside each other.

import assert from 'node:assert/strict'
import type { CancelOutcome, CancelRequest, Receipt } from '../../../server/src/core/cancellation.ts'
import type { StartedEffect, Verdict } from '../../../server/src/core/effects/effect.ts'
import type { Announced } from '../../../server/src/core/event.ts'
import type { Context } from '../../../server/src/engine/context.ts'
import type { NextSteps } from '../../../server/src/engine/domain.ts'
import { Engine } from '../../../server/src/engine/engine.ts'
import { markSomeOpen } from '../../../server/src/engine/open-cancel/open-marker.ts'
import { endFromOutside } from '../../../server/src/engine/run/end.ts'
import { closeReceipts, rescueOnce } from '../../../server/src/engine/run/rescue.ts'
import type { RunningSlots } from '../../../server/src/engine/run/running-slots.ts'
import { settleAttempts } from '../../../server/src/engine/run/settle.ts'
import { type StartedRow, startDue } from '../../../server/src/engine/run/start.ts'
import type { Database } from '../../../server/src/store/database.ts'
import {
  ALL_ROOM,
  attemptOf,
  byId,
  byKey,
  contextOn,
  effect,
  event,
  letEverythingEnd,
  newStartId,
  settleNow,
  TENANT,
  ticketOf,
} from '../engine-parts.ts'
import type { Command } from './commands.ts'
import { checkInvariants, type Seen } from './invariants.ts'

/** Of the one lane, when places are shared. */
export const LANE_SLOTS = 3
const WORKERS = [0, 1].map(n => `00000000-0000-8000-8000-00000000000${n}`)

/** `placed`: it holds one of the shared places, which is given back once. */
type Run = { readonly row: StartedRow; placed: boolean }

export type ModelOptions = {
  readonly maxMarkedAtOnce?: number
  readonly tenant?: string
  /** Milliseconds; several models can go by one clock. */
  readonly time?: { ms: number }
  /** What is started takes a place there, and everything is of one lane. */
  readonly places?: RunningSlots
  /** Tenants that go through the same engine, on the same database. */
  readonly engineOf?: Model
  readonly random?: Context['random']
}

export class Model {
  readonly time: { ms: number }
  readonly seen: Seen[] = []
  readonly context: Context
  readonly tenant: string
  readonly engine: Engine
  private readonly db: Database
  private readonly places: RunningSlots | undefined
  private readonly events: string[] = []
  private readonly running: Run[] = []
  /** All that go through this engine: what one of them starts may be another's. */
  private readonly models: Model[]
  private readonly requests = new Map<string, { id: string; target: string }>()
  private readonly early: { key: string; id: string; from: number; until: number }[] = []
  private readonly finals = new Map<string, string>()
  private made = 0

  constructor(db: Database, options: ModelOptions = {}) {
    const { maxMarkedAtOnce = 5000, engineOf } = options
    this.db = db
    this.tenant = options.tenant ?? TENANT
    this.places = options.places
    this.time = engineOf?.time ?? options.time ?? { ms: Date.parse('2026-06-01T12:00:00Z') }
    this.models = engineOf?.models ?? []
    this.models.push(this)
    if (engineOf) {
      this.context = engineOf.context
      this.engine = engineOf.engine
      return
    }
    const clock = () => new Date(this.time.ms)
    this.context = contextOn(db, {
      clock,
      maxMarkedAtOnce,
      ...(options.random && { random: options.random }),
      next: started => this.modelOf(started.tenant).nextOf(started),
    })
    if (this.places) {
      const ofOneLane = [...this.context.carriers.values()].map(carrier => ({
        ...carrier,
        slots: LANE_SLOTS,
      }))
      this.context = { ...this.context, carriers: new Map(ofOneLane.map(carrier => [carrier.kind, carrier])) }
    }
    this.engine = new Engine({ db, random: this.context.random, clock, maxMarkedAtOnce })
    this.engine.register({
      carriers: [...this.context.carriers.values()],
      domains: [...this.context.domains.values()],
    })
  }

  /** How many of what it runs hold a place; of one kind, or in all. */
  placed(kind?: string): number {
    return this.running.filter(run => run.placed && (kind === undefined || run.row.kind === kind)).length
  }

  private modelOf(tenant: string): Model {
    return this.models.find(model => model.tenant === tenant) as Model
  }

  /** Named for what it follows from, not in the order in which it is asked: that is the order of random ids. */
  private nextOf({ eventId, title }: StartedEffect): NextSteps {
    if (eventId === null) return {}
    return {
      effects: [effect(`next of ${title}`, this.lane())],
      events: [
        event(`child of ${title}`, [effect(`of child of ${title}`, this.lane())], {
          tenant: this.tenant,
          parent: { id: eventId, link: 'cancel' },
        }),
      ],
    }
  }

  private lane(): { readonly lane?: string } {
    return this.places ? { lane: 'the one lane' } : {}
  }

  private name(what: string): string {
    return `${what} ${++this.made}`
  }

  private effects(wanted: readonly { ms: number; kind: string; link: string }[]) {
    return wanted.map(w =>
      effect(this.name('effect'), {
        ...this.lane(),
        kind: w.kind,
        due: { afterMs: w.ms },
        link: w.link as 'cancel' | 'keep',
      }),
    )
  }

  async run(command: Command): Promise<void> {
    const { db, engine, context, tenant } = this
    switch (command.do) {
      case 'announce': {
        const before = this.time.ms
        const waiting =
          command.key === null
            ? []
            : this.early.filter(e => e.key === command.key && e.from < this.made && e.until > before)
        const [result] = await db.transaction('t', tx =>
          engine.announce(tx, [
            event(this.name('root'), this.effects(command.effects), {
              tenant,
              key: command.key,
              early: command.early,
            }),
          ]),
        )
        this.announced(result!)
        // I6: who comes before its event is met, by every policy but ignore.
        if (waiting.length > 0 && command.early !== 'ignore')
          assert.notEqual(result!.is, 'announced', 'I6: an early cancellation was not met')
        if (command.early === 'ignore') assert.equal(result!.is, 'announced')
        return
      }
      case 'child': {
        const id = this.pick(this.events, command.parent)
        if (id === undefined) return
        const [result] = await db.transaction('t', tx =>
          engine.announce(tx, [
            event(this.name('child'), this.effects(command.effects), {
              tenant,
              key: command.key,
              parent: { id, link: command.link as 'cancel' | 'keep' },
            }),
          ]),
        )
        this.announced(result!)
        return
      }
      case 'start': {
        const worker = WORKERS[command.worker] as string
        await db.query({
          text: `insert into engine.worker values ('${worker}', 'infinity', '', 0) on conflict (id) do update set alive_until = 'infinity'`,
        })
        const askedAt = performance.now()
        const rows = await this.startDue(worker)
        // All of them are known before anything else is awaited.
        const begun = rows
          .toSorted((a, b) => (a.title < b.title ? -1 : 1))
          .map(row => this.modelOf(row.tenant).begun(row, askedAt))
        if (this.places === undefined) return
        // As the runner does: what has no place goes back untouched.
        for (const run of begun) if (!run.placed) await this.report(run, { is: 'stopped' })
        return
      }
      case 'settle': {
        const run = this.pick(this.running, command.run)
        if (run) await this.report(run, command.verdict)
        return
      }
      case 'end': {
        const run = this.pick(this.running, command.run)
        if (run)
          await db.transaction('e', tx =>
            endFromOutside(context, tx, [{ effectId: run.row.id, verdict: { is: 'done' } }]),
          )
        return
      }
      case 'cancel key': {
        const { key, requestKey, early } = command
        await this.cancel(
          byKey(key, command.by, { tenant, requestKey, early }),
          `${command.by} ${requestKey}`,
        )
        return
      }
      case 'cancel id': {
        const id = this.pick(this.events, command.event)
        if (id !== undefined)
          await this.cancel(
            byId(id, command.by, { tenant, requestKey: command.requestKey }),
            `${command.by} ${command.requestKey}`,
          )
        return
      }
      case 'revise': {
        const eventId = this.pick(this.events, command.event)
        if (eventId !== undefined)
          await db.transaction('t', tx =>
            engine.revise(tx, { tenant, eventId, effects: this.effects(command.effects) }),
          )
        return
      }
      case 'retry': {
        const [dead] = (await engine.dead(tenant)).toSorted((a, b) => (a.title < b.title ? -1 : 1))
        if (dead && (await engine.retry(tenant, dead.id)) === 'retried')
          this.seen.push({ saw: 'retry by hand', effectId: dead.id })
        return
      }
      case 'lose worker':
        await db.query({
          text: `update engine.worker set alive_until = '-infinity' where id = '${WORKERS[command.worker]}'`,
        })
        await rescueOnce(context)
        return
      case 'care':
        while (await markSomeOpen(context, 2)) {}
        await closeReceipts(context)
        return
      default:
        command satisfies never
    }
  }

  private pick<T>(list: readonly T[], n: number): T | undefined {
    return list.length === 0 ? undefined : list[n % list.length]
  }

  private async startDue(worker: string): Promise<readonly StartedRow[]> {
    const { places, context } = this
    const ticket = await ticketOf(this.db, worker)
    const most = Math.min(1000, places?.free ?? 1000)
    const room = places?.room(context.carriers) ?? ALL_ROOM
    if (most <= 0) return []
    return await startDue(context, this.db, { ticket, startId: newStartId(), limit: most, room })
  }

  private begun(row: StartedRow, askedAt: number): Run {
    // I8: not before its time.
    assert.ok(row.due_shown.getTime() <= this.time.ms, 'I8: started early')
    this.seen.push({ saw: 'start', effectId: row.id, attempt: row.attempt, askedAt })
    const run = { row, placed: this.places?.take(row, LANE_SLOTS) ?? false }
    this.running.push(run)
    return run
  }

  private async report(run: Run, verdict: Verdict): Promise<void> {
    const attempt = attemptOf(run.row, verdict)
    const [result] = await this.db.transaction('s', tx => settleAttempts(this.context, tx, [attempt]))
    if (result !== 'locked') this.giveBack(run)
  }

  private giveBack(run: Run): void {
    if (run.placed) this.places?.give(run.row)
    run.placed = false
  }

  private announced(result: Announced): void {
    if (result.is === 'announced') this.events.push(result.eventId)
  }

  private async cancel(request: CancelRequest, requestName: string): Promise<void> {
    const target = JSON.stringify(request.target)
    let outcome: CancelOutcome
    try {
      outcome = await this.engine.cancel(request)
    } catch (error) {
      // Two targets with one request key at the same moment: one wins.
      assert.match(String(error), /cancellation_request/)
      return
    }
    if ('refused' in outcome) {
      assert.ok(request.requestKey, 'an event that is known was refused')
      return
    }
    const { receiptId, replayed, early } = outcome
    if (!replayed) this.seen.push({ saw: 'cancel', receiptId, heardAt: performance.now() })
    if (early && 'key' in request.target) {
      this.early.push({
        key: request.target.key,
        id: receiptId,
        from: this.made,
        until: this.time.ms + (request.early?.ttlMs ?? 0),
      })
    }
    if (request.requestKey) {
      // I5: one request key, one receipt.
      const before = this.requests.get(requestName + target)
      if (before) assert.equal(receiptId, before.id, 'I5: the same request got another receipt')
      this.requests.set(requestName + target, { id: receiptId, target })
    }
  }

  /** I5: the same again, with nothing in between, is the same receipt. */
  async repeat(request: CancelRequest): Promise<void> {
    const first = await this.engine.cancel(request)
    if (!('refused' in first) && !first.replayed)
      this.seen.push({ saw: 'cancel', receiptId: first.receiptId })
    const again = await this.engine.cancel(request)
    assert.ok(!('refused' in first) && !('refused' in again))
    assert.deepEqual([again.receiptId, again.replayed], [first.receiptId, true], 'I5')
  }

  /** I4: a receipt that is final stays as it is; and its counts are its items. */
  async readReceipts(): Promise<readonly Receipt[]> {
    const rows = await this.db.query<{ id: string }>(
      { text: 'select id from engine.cancellation where tenant = $1 order by sequence' },
      [this.tenant],
    )
    const receipts: Receipt[] = []
    for (const { id } of rows) {
      const receipt = await this.engine.receipt(this.tenant, id)
      receipts.push(receipt!)
      assert.equal(receipt!.counts.total, receipt!.items.length, 'I2: counts are items')
      for (const item of receipt!.items) assert.ok(receipt!.counts[item.outcome] > 0, 'I2: counts are items')
      assert.ok(
        receipt!.state !== 'open' || Date.parse(receipt!.finalBy) > this.time.ms,
        'I4: final after 30 s',
      )
      if (receipt!.state !== 'final') continue
      const text = JSON.stringify([receipt!.items, receipt!.counts])
      const before = this.finals.get(id)
      if (before !== undefined) assert.equal(text, before, 'I4: a final receipt changed')
      this.finals.set(id, text)
    }
    return receipts
  }

  /** Everything comes to its end, also that of other tenants of this engine; then the promise is judged. */
  async finish(): Promise<void> {
    const { db, models } = this
    for (const model of models) await model.repeat(byKey('k0', 'a', { tenant: model.tenant }))
    await this.comeToTheEnd()
    await checkInvariants(
      db,
      models.flatMap(model => model.seen),
    )
  }

  async comeToTheEnd(): Promise<void> {
    for (const model of this.models) {
      await model.readReceipts()
      for (const run of model.running) {
        await settleNow(this.context, attemptOf(run.row, { is: 'done' }))
        model.giveBack(run)
      }
    }
    await letEverythingEnd(this.db, row =>
      this.modelOf(row.tenant).seen.push({ saw: 'start', effectId: row.id, attempt: row.attempt }),
    )
    for (const model of this.models) await model.readReceipts()
  }
}
