// For tests of the sweep: a world that is made by random commands on a clock that the test moves, a second opinion on what
// may go (all rows read, components joined up in memory), and a sweep of everything.

import assert from 'node:assert/strict'
import type { Announced } from '../../../server/src/core/event.ts'
import type { Context } from '../../../server/src/engine/context.ts'
import type { Domain } from '../../../server/src/engine/domain.ts'
import { Engine } from '../../../server/src/engine/engine.ts'
import { markSomeOpen } from '../../../server/src/engine/open-cancel/open-marker.ts'
import { closeReceipts } from '../../../server/src/engine/run/rescue.ts'
import type { StartedRow } from '../../../server/src/engine/run/start.ts'
import { type SweepOptions, sweepOnce } from '../../../server/src/engine/sweep/sweep.ts'
import type { Database } from '../../../server/src/store/database.ts'
import { random } from '../../support/engine.ts'
import {
  attemptOf,
  byId,
  byKey,
  contextOn,
  effect,
  event,
  KIND,
  settleNow,
  startAllDue,
} from '../engine-parts.ts'

export const DAY = 86_400_000
export const RETENTION = 90 * DAY

export type Command =
  | {
      readonly do: 'announce'
      readonly key: string | null
      readonly entity: string
      /** Which of the events so far is its parent; null: none. */
      readonly under: number | null
      readonly link: 'cancel' | 'keep'
      readonly effects: readonly { readonly days: number; readonly link: 'cancel' | 'keep' }[]
    }
  | { readonly do: 'cancel id'; readonly event: number; readonly by: string }
  | {
      readonly do: 'cancel key'
      readonly key: string
      readonly entity: string
      readonly by: string
      readonly earlyDays: number
    }
  /** Starts what is due, and ends all but the last `leave`. */
  | { readonly do: 'run'; readonly leave: number; readonly how: 'done' | 'failed' }
  | { readonly do: 'mark' }
  | { readonly do: 'wait'; readonly days: number }

/** Kept for the domain's hooks: which events it must keep, and what it was told is gone. */
export type Room = { readonly keeps: Set<string>; readonly gone: { events: string[]; effects: string[] } }

export class World {
  ms = Date.parse('2026-01-01T12:00:00Z')
  readonly events: string[] = []
  readonly room: Room = { keeps: new Set(), gone: { events: [], effects: [] } }
  readonly db: Database
  readonly context: Context
  readonly engine: Engine

  /** `notices`: to be sent for each event that is called off. */
  constructor(db: Database, maxMarkedAtOnce = 5000, notices = 1) {
    this.db = db
    const { room } = this
    const domain: Domain = {
      eventKind: KIND,
      cancelled: async (_tx, events) =>
        new Map(events.map(e => [e.event.id, Array.from({ length: notices }, () => effect('notice'))])),
      keeps: async (_tx, ids) => ids.filter(id => room.keeps.has(id)),
      swept: async (_tx, gone) => {
        room.gone.events.push(...gone.events.map(each => each.id))
        room.gone.effects.push(...gone.effectIds)
      },
    }
    const clock = () => new Date(this.ms)
    this.context = contextOn(db, { clock, maxMarkedAtOnce, domains: new Map([[KIND, domain]]) })
    this.engine = new Engine({ db, random, clock, maxMarkedAtOnce })
    this.engine.register({ carriers: [...this.context.carriers.values()], domains: [domain] })
  }

  async announce(...args: Parameters<typeof event>): Promise<Announced> {
    const [announced] = await this.db.transaction('announce', tx =>
      this.engine.announce(tx, [event(...args)]),
    )
    if (announced && 'eventId' in announced) this.events.push(announced.eventId)
    return announced as Announced
  }

  async do(command: Command): Promise<void> {
    switch (command.do) {
      case 'announce': {
        const { key, entity, under, link, effects } = command
        const id = under === null ? undefined : this.events[under % Math.max(1, this.events.length)]
        await this.announce(
          `event ${this.events.length}`,
          effects.map((each, i) =>
            effect(`effect ${i}`, { due: { afterMs: each.days * DAY }, link: each.link }),
          ),
          { key, entity, early: 'absorb', ...(id === undefined ? {} : { parent: { id, link } }) },
        )
        return
      }
      case 'cancel id': {
        const id = this.events[command.event % Math.max(1, this.events.length)]
        if (id !== undefined) await this.engine.cancel(byId(id, command.by))
        return
      }
      case 'cancel key': {
        const { key, entity, by, earlyDays } = command
        const kind = KIND
        await this.engine.cancel(
          byKey(key, by, { target: { key, entity, kind }, early: { ttlMs: earlyDays * DAY } }),
        )
        return
      }
      case 'run': {
        const rows = await this.start()
        const ends = rows.slice(0, Math.max(0, rows.length - command.leave))
        for (const row of ends) await this.end(row, command.how)
        return
      }
      case 'mark':
        while (await markSomeOpen(this.context, 3)) {}
        await closeReceipts(this.context)
        return
      case 'wait':
        this.ms += command.days * DAY
        return
      default:
        command satisfies never
    }
  }

  async start(): Promise<readonly StartedRow[]> {
    return await startAllDue(this.context, this.db)
  }

  async end(row: StartedRow, how: 'done' | 'failed' = 'done'): Promise<void> {
    const verdict = how === 'done' ? ({ is: 'done' } as const) : ({ is: 'failed', error: 'no' } as const)
    await settleNow(this.context, attemptOf(row, verdict))
  }

  /** Sweeps every shard that holds anything: `rounds` times (default 1), `sweepers` at once. Gives back how much went. */
  async sweep(
    options: Partial<SweepOptions> & { readonly rounds?: number; readonly sweepers?: number } = {},
  ): Promise<number> {
    const { rounds = 1, sweepers = 1, ...over } = options
    const all = { retentionMs: RETENTION, everyMs: 1000 * DAY, ...over }
    const untilNothing = async () => {
      let gone = 0
      for (let turns = 0; ; turns++) {
        assert.ok(turns < 5000, 'the sweep does not come to an end')
        const { more, events, effects, receipts } = await sweepOnce(this.context, all)
        gone += events + effects + receipts
        if (!more) return gone
      }
    }
    let gone = 0
    for (let round = 0; round < rounds; round++) {
      await this.beginSweep()
      const each = await Promise.all(Array.from({ length: sweepers }, untilNothing))
      gone += each.reduce((sum, one) => sum + one, 0)
    }
    return gone
  }

  /** The next sweep begins from the front. */
  async beginSweep(): Promise<void> {
    await this.db.query({ text: 'delete from engine.sweep' })
    await this.db.query({ text: 'insert into engine.sweep (shard) values (0)' })
  }

  /** Everything that stands in the engine's tables, by id. */
  async ids(): Promise<ReadonlySet<string>> {
    const rows = await this.db.query<{ id: string }>({
      text: `select 'event ' || id as id from engine.event union all select 'receipt ' || id from engine.cancellation
        union all select 'effect ' || id from engine.effect union all select 'effect ' || id from engine.ended`,
    })
    return new Set(rows.map(row => row.id))
  }

  /** What may go now, found in another way than the sweep finds it. */
  async oldAndOver(): Promise<ReadonlySet<string>> {
    const before = new Date(this.ms - RETENTION)
    const of = async <Row extends object>(text: string) => await this.db.query<Row & { id: string }>({ text })
    const groups = new Groups()
    const alive = new Set<string>()
    const open = await of<{ shard: number }>(
      'select shard, cancellation_id as id from engine.open_cancellation',
    )
    for (const e of await of<{
      shard: number
      parent_id: string | null
      cancellation_id: string | null
      created_at: Date
    }>('select * from engine.event')) {
      groups.join(`event ${e.id}`, e.parent_id && `event ${e.parent_id}`)
      groups.join(`event ${e.id}`, e.cancellation_id && `receipt ${e.cancellation_id}`)
      const covered = open.some(o => o.shard === e.shard)
      if (e.created_at >= before || covered || this.room.keeps.has(e.id)) alive.add(`event ${e.id}`)
    }
    for (const c of await of<{
      target_event: string | null
      final_by: Date
      early_until: Date | null
      open: boolean
    }>('select * from engine.cancellation')) {
      groups.join(`receipt ${c.id}`, c.target_event && `event ${c.target_event}`)
      if (c.open || c.final_by >= before || (c.early_until && c.early_until >= before))
        alive.add(`receipt ${c.id}`)
    }
    for (const f of await of<{ event_id: string | null; notice_of: string | null; at: Date | null }>(
      `select f.id, f.event_id, f.notice_of, null::timestamptz as at from engine.effect f
       union all select d.id, d.event_id, d.notice_of, d.at from engine.ended d`,
    )) {
      groups.join(`effect ${f.id}`, f.event_id ? `event ${f.event_id}` : `receipt ${f.notice_of}`)
      if (f.at === null || f.at >= before) alive.add(`effect ${f.id}`)
    }
    for (const i of await of<{ receipt: string }>(
      `select effect_id as id, cancellation_id as receipt from engine.receipt_item
       union all select id, cancellation_id from engine.ended where cancellation_id is not null
       union all select id, cancellation_id from engine.effect where cancellation_id is not null`,
    ))
      groups.join(`effect ${i.id}`, `receipt ${i.receipt}`)
    return groups.without(alive)
  }

  /** Every receipt that there is, as a caller reads it. */
  async receipts(): Promise<ReadonlyMap<string, unknown>> {
    const rows = await this.db.query<{ id: string; tenant: string }>({
      text: 'select id, tenant from engine.cancellation order by id',
    })
    const read = new Map<string, unknown>()
    for (const { id, tenant } of rows) read.set(`receipt ${id}`, await this.engine.receipt(tenant, id))
    return read
  }
}

class Groups {
  readonly #above = new Map<string, string>()

  join(a: string, b: string | null | false): void {
    const one = this.#top(a)
    if (b) this.#above.set(one, this.#top(b))
  }

  /** All members of the groups in which nobody is one of these. */
  without(members: ReadonlySet<string>): ReadonlySet<string> {
    const tops = new Set([...members].map(member => this.#top(member)))
    return new Set([...this.#above.keys()].filter(member => !tops.has(this.#top(member))))
  }

  #top(of: string): string {
    const above = this.#above.get(of)
    if (above === undefined) this.#above.set(of, of)
    return above === undefined || above === of ? of : this.#top(above)
  }
}
