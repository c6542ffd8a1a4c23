// Random commands against the real engine on a real database, several at once, on a clock that the test moves; then
// everything comes to its end, and what I1, I2, I3, I5, I6, I7 and I8 promise is judged from rows, receipts and the test's
// own record. FC_SEED=… runs one seed again; a failure prints its seed and the shortest commands that still fail.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CancelOutcome, CancelRequest } from '../../server/src/core/cancellation.ts'
import type { Verdict } from '../../server/src/core/effect.ts'
import type { Announced, EarlyPolicy } from '../../server/src/core/event.ts'
import { markSomeOpen } from '../../server/src/engine/cancel-open.ts'
import { endFromOutside } from '../../server/src/engine/end.ts'
import { Engine } from '../../server/src/engine/engine.ts'
import { closeReceipts, rescueOnce } from '../../server/src/engine/rescue.ts'
import { settleAttempts } from '../../server/src/engine/settle.ts'
import type { StartedRow } from '../../server/src/engine/start.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { random } from '../support/engine.ts'
import { EMPTY_TABLES } from './empty-tables.ts'
import {
  attemptOf,
  byId,
  byKey,
  contextOn,
  effect,
  event,
  letEverythingEnd,
  settleNow,
  startAllDue,
  TENANT,
} from './engine-parts.ts'
import { checkInvariants, type Seen } from './invariants.ts'

const RUNS = 40
const KEYS = ['k0', 'k1', 'k2']
const WORKERS = [0, 1].map(n => `00000000-0000-8000-8000-00000000000${n}`)
const verdict = fc.constantFrom<Verdict>(
  { is: 'done' },
  { is: 'skipped' },
  { is: 'failed', error: 'no' },
  { is: 'failed', error: 'no', mayHaveHappened: true },
  { is: 'retry', error: 'busy', afterMs: 1000 },
  { is: 'retry', error: 'cut off', mayHaveHappened: true },
  { is: 'stopped' },
  { is: 'in_doubt' },
  { is: 'waiting' },
)
const nth = fc.nat(20)
const effects = fc.array(
  fc.record({
    ms: fc.constantFrom(0, 0, 1000, 60_000),
    kind: fc.constantFrom('mail', 'step'),
    link: fc.constantFrom('cancel', 'cancel', 'cancel', 'keep'),
  }),
  { maxLength: 3 },
)
const by = fc.constantFrom('a', 'b')
const requestKey = fc.constantFrom(null, null, null, 'r1', 'r2')
const single = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('announce' as const),
      key: fc.constantFrom(null, ...KEYS),
      early: fc.constantFrom<EarlyPolicy>('absorb', 'reject', 'ignore'),
      effects,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('child' as const),
      parent: nth,
      link: fc.constantFrom('cancel', 'cancel', 'keep'),
      key: fc.constantFrom(null, ...KEYS),
      effects,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('start' as const), worker: fc.nat(1) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('settle' as const), run: nth, verdict }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), run: nth }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('cancel key' as const),
      key: fc.constantFrom(...KEYS),
      by,
      requestKey,
      early: fc.constantFrom(null, { ttlMs: 5000 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel id' as const), event: nth, by, requestKey }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revise' as const), event: nth, effects }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retry' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose worker' as const), worker: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('care' as const) }) },
)
type Single = typeof single extends fc.Arbitrary<infer T> ? T : never
/** One, or some at once; and how far the clock goes before. */
const step = fc.record({
  waitMs: fc.constantFrom(0, 0, 0, 1000, 10_000, 31_000),
  together: fc.array(single, { minLength: 1, maxLength: 4 }),
})

class Model {
  readonly time = { ms: Date.parse('2026-06-01T12:00:00Z') }
  readonly seen: Seen[] = []
  readonly context
  private readonly database: TestDatabase
  private readonly engine: Engine
  private readonly events: string[] = []
  private readonly running: { row: StartedRow }[] = []
  private readonly requests = new Map<string, { id: string; target: string }>()
  private readonly early: { key: string; id: string; from: number; until: number }[] = []
  private readonly finals = new Map<string, string>()
  private made = 0

  constructor(database: TestDatabase, maxMarkedAtOnce: number) {
    this.database = database
    const clock = () => new Date(this.time.ms)
    this.context = contextOn(database.db, {
      clock,
      maxMarkedAtOnce,
      next: started =>
        started.eventId === null || this.made > 60
          ? {}
          : {
              effects: [effect(this.name('next'))],
              events: [
                event(this.name('born'), [effect(this.name('of born'))], {
                  parent: { id: started.eventId, link: 'cancel' },
                }),
              ],
            },
    })
    this.engine = new Engine({ db: database.db, random, clock, maxMarkedAtOnce })
    this.engine.register({
      carriers: [...this.context.carriers.values()],
      domains: [...this.context.domains.values()],
    })
  }

  private name(what: string): string {
    return `${what} ${++this.made}`
  }

  private effects(wanted: readonly { ms: number; kind: string; link: string }[]) {
    return wanted.map(w =>
      effect(this.name('effect'), {
        kind: w.kind,
        due: { afterMs: w.ms },
        link: w.link as 'cancel' | 'keep',
      }),
    )
  }

  async run(command: Single): Promise<void> {
    const {
      database: { db },
      engine,
      context,
    } = this
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
              key: command.key,
              early: command.early,
            }),
          ]),
        )
        this.born(result!)
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
              key: command.key,
              parent: { id, link: command.link as 'cancel' | 'keep' },
            }),
          ]),
        )
        this.born(result!)
        return
      }
      case 'start': {
        const worker = WORKERS[command.worker] as string
        await db.query({
          text: `insert into engine.worker values ('${worker}', 'infinity', '', 0) on conflict (id) do update set alive_until = 'infinity'`,
        })
        const rows = await startAllDue(context, db, worker)
        for (const row of rows) {
          // I8: not before its time.
          assert.ok(row.due_shown.getTime() <= this.time.ms, 'I8: started early')
          this.seen.push({ saw: 'start', effectId: row.id, attempt: row.attempt })
          this.running.push({ row })
        }
        return
      }
      case 'settle': {
        const run = this.pick(this.running, command.run)
        if (run)
          await db.transaction('s', tx => settleAttempts(context, tx, [attemptOf(run.row, command.verdict)]))
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
        await this.cancel(byKey(key, command.by, { requestKey, early }), `${command.by} ${requestKey}`)
        return
      }
      case 'cancel id': {
        const id = this.pick(this.events, command.event)
        if (id !== undefined)
          await this.cancel(
            byId(id, command.by, { requestKey: command.requestKey }),
            `${command.by} ${command.requestKey}`,
          )
        return
      }
      case 'revise': {
        const eventId = this.pick(this.events, command.event)
        if (eventId !== undefined)
          await db.transaction('t', tx =>
            engine.revise(tx, { tenant: TENANT, eventId, effects: this.effects(command.effects) }),
          )
        return
      }
      case 'retry': {
        const [dead] = await engine.dead(TENANT, 1)
        if (dead && (await engine.retry(TENANT, dead.id)) === 'retried')
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
        await markSomeOpen(context, 2)
        await closeReceipts(context)
        return
      default:
        command satisfies never
    }
  }

  private pick<T>(list: readonly T[], n: number): T | undefined {
    return list.length === 0 ? undefined : list[n % list.length]
  }

  private born(result: Announced): void {
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
    if (!replayed) this.seen.push({ saw: 'cancel', receiptId })
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
  async readReceipts(): Promise<void> {
    const rows = await this.database.db.query<{ id: string }>({ text: 'select id from engine.cancellation' })
    for (const { id } of rows) {
      const receipt = await this.engine.receipt(TENANT, id)
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
  }

  async finish(): Promise<void> {
    await this.repeat(byKey('k0'))
    await this.readReceipts()
    for (const { row } of this.running) await settleNow(this.context, attemptOf(row, { is: 'done' }))
    await letEverythingEnd(this.database.db, row =>
      this.seen.push({ saw: 'start', effectId: row.id, attempt: row.attempt }),
    )
    await this.readReceipts()
    await checkInvariants(this.database.db, this.seen)
  }
}

test('whatever is commanded, in whatever order and however much at once, the promise holds', async t => {
  await using database = await testDatabase()
  const { db } = database
  await db.query({
    text: `alter database ${database.name} set synchronous_commit = off; set synchronous_commit = off`,
  })
  const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 14 }),
      fc.constantFrom(5000, 3),
      async (steps, maxMarkedAtOnce) => {
        await db.query({ text: EMPTY_TABLES })
        const model = new Model(database, maxMarkedAtOnce)
        for (const { waitMs, together } of steps) {
          model.time.ms += waitMs
          await Promise.all(together.map(command => model.run(command)))
          await model.readReceipts()
        }
        await model.finish()
      },
    ),
    { seed, numRuns: RUNS, endOnFailure: false, interruptAfterTimeLimit: 40_000 },
  )
})
