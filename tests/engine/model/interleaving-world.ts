// What the parts of an interleaving meet, made anew for each order of their statements.

import assert from 'node:assert/strict'
import { announce } from '../../../server/src/engine/announce/announce.ts'
import type { StartedRow } from '../../../server/src/engine/run/start.ts'
import type { Database } from '../../../server/src/store/database.ts'
import { EMPTY_TABLES, KEEP_ROWS, RESTORE_ROWS } from '../empty-tables.ts'
import {
  attemptOf,
  contextOn,
  effect,
  event,
  letEverythingEnd,
  OTHER_WORKER,
  type PendingRow,
  pendingOf,
  settleNow,
  startChosen,
  ticketOf,
  WORKER,
} from '../engine-parts.ts'
import { checkInvariants, type Seen } from './invariants.ts'

/** The world that the others are copies of. */
let first: World | null = null
let firstMadeAt = 0
/** One of its actions falls due an hour after it was made. */
const STALE_MS = 30 * 60_000

/** What the parts of one schedule meet: a tree with everything in it that a cancel can find. */
export class World {
  readonly db: Database
  readonly seen: Seen[] = []
  /** The root (key k), a child that goes with it, a child that is kept; one more root beside it (key other). */
  root = ''
  child = ''
  kept = ''
  beside = ''
  due: readonly PendingRow[] = []
  running: StartedRow[] = []
  dead = ''
  knownBefore: string[] = []

  constructor(db: Database) {
    this.db = db
  }

  context(db: Database, next = true) {
    return contextOn(db, {
      next: row =>
        next && row.eventId !== null
          ? {
              effects: [effect('next')],
              events: [
                event('step child', [effect('of step child')], {
                  parent: { id: row.eventId, link: 'cancel' },
                }),
              ],
            }
          : {},
    })
  }

  started(rows: readonly StartedRow[]): void {
    for (const row of rows) this.seen.push({ saw: 'start', effectId: row.id, attempt: row.attempt })
  }

  row(title: string): StartedRow {
    return this.running.find(row => row.title === title) as StartedRow
  }

  pending(title: string): PendingRow {
    return this.titles.get(title) as PendingRow
  }

  private titles = new Map<string, PendingRow>()

  /** As the first one was made, from a copy of its rows: that is one statement instead of a dozen transactions. */
  static async open(db: Database): Promise<World> {
    if (first === null || performance.now() - firstMadeAt > STALE_MS) {
      first = await new World(db).make()
      firstMadeAt = performance.now()
      await db.query({ text: KEEP_ROWS })
    } else {
      await db.query({ text: RESTORE_ROWS })
    }
    return Object.assign(new World(db), first, { seen: [...first.seen] })
  }

  private async make(): Promise<this> {
    const { db } = this
    await db.query({ text: EMPTY_TABLES })
    const context = contextOn(db)
    const make = (announcements: Parameters<typeof announce>[2]) =>
      db.transaction('make', tx => announce(context, tx, announcements))
    const [root] = await make([
      event(
        'root',
        [
          effect('r1'),
          effect('r2', { kind: 'step' }),
          effect('dies'),
          effect('runs'),
          effect('steps', { kind: 'step' }),
          effect('later', { due: { afterMs: 3_600_000 } }),
          effect('kept effect', { link: 'keep' }),
        ],
        { key: 'k' },
      ),
    ])
    assert.equal(root?.is, 'announced')
    this.root = root.eventId
    const [child, kept, beside] = await make([
      event('child', [effect('c1'), effect('c2 runs')], {
        parent: { id: this.root, link: 'cancel' },
        key: 'child',
      }),
      event('kept', [effect('k1')], { parent: { id: this.root, link: 'keep' } }),
      event('beside', [effect('b1')], { key: 'other' }),
    ])
    assert.ok(child?.is === 'announced' && kept?.is === 'announced' && beside?.is === 'announced')
    this.child = child.eventId
    this.kept = kept.eventId
    this.beside = beside.eventId
    await db.query({
      text: `insert into engine.worker values ('${WORKER}', clock_timestamp() + '1 h', '', 0)`,
    })
    const titles = await db.query<PendingRow & { title: string }>({
      text: 'select f.id, f.lane, f.title from engine.effect f',
    })
    this.titles = new Map(titles.map(({ title, ...row }) => [title, row]))
    await ticketOf(db, WORKER)
    await ticketOf(db, OTHER_WORKER)
    const rows = await startChosen(
      context,
      db,
      WORKER,
      ['runs', 'steps', 'c2 runs', 'dies'].map(title => this.pending(title)),
      titles,
    )
    this.running = [...rows]
    this.started(rows)
    await settleNow(context, attemptOf(this.row('dies'), { is: 'failed', error: 'no' }))
    this.dead = this.row('dies').id
    this.due = await pendingOf(db)
    this.knownBefore = titles.map(row => row.id)
    return this
  }

  /** Everything that comes after, then the invariants. */
  async check(): Promise<void> {
    await letEverythingEnd(this.db, row => this.started([row]))
    await checkInvariants(this.db, this.seen, { knownBefore: this.knownBefore })
  }
}
