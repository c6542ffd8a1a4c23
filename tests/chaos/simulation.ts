// A discrete simulation around real engines and a real PostgreSQL: one thing happens at a time, and the next only when all
// that came of it has come to rest. What happens next is decided by virtual time alone, so a history is the same again
// for the same seed.
//
//   take the next event ─► let it happen ─► rest: nothing moves in this process, and PostgreSQL has answered all that it was
//        ▲                                  asked, or holds it back for another's lock ─┐
//        └────────────────────────────────────────────────────────────────────────────────┘
//
// PostgreSQL goes by the virtual clock too (server-clock.ts).

import pg from 'pg'
import type { DatabaseOptions } from '../../server/src/store/database.ts'
import { EPOCH_MS, type ServerClock } from './server-clock.ts'
import { type Clockwork, realSetImmediate, realSetTimeout } from './virtual-time.ts'
import type { Backends } from './wire-backend.ts'
import type { Network, ProxyEvents, UnitInfo, WireProxy } from './wire-proxy.ts'

type Happening = {
  readonly at: number
  readonly order: number
  /** The process that it happens to; null: to nobody that could be frozen or dead. */
  readonly to: string | null
  readonly what: string
  readonly happen: () => void | Promise<void>
  off: boolean
}

/** What outlives a simulation, so that the next one need not make it again. */
export type SimulatedDatabase = {
  readonly options: DatabaseOptions
  readonly backends: Backends
  readonly clock: ServerClock
}

/** Turns of the event loop without an octet, after which nothing moves any more. */
const QUIET_TURNS = 4
/** Real milliseconds after which an answer that has not come is asked after: is it held back by a lock? */
const ASK_AFTER_MS = 2
/** Real milliseconds within which a notification reaches all who listen. */
const NOTIFIED_WITHIN_MS = 300
/** Real milliseconds after which PostgreSQL is taken to be stuck. */
const STUCK_MS = 20_000
/** Between two looks at the time; what is longer is taken for a pause of the machine. */
const MAX_TURN_MS = 100

/** Real milliseconds in which this process had its turn: where the machine stands still for a while, nothing is late. */
class OwnTime {
  #spentMs = 0
  #last = process.hrtime.bigint()

  get ms(): number {
    const now = process.hrtime.bigint()
    this.#spentMs += Math.min(Number(now - this.#last) / 1_000_000, MAX_TURN_MS)
    this.#last = now
    return this.#spentMs
  }
}

export class Simulation implements Clockwork, AsyncDisposable {
  readonly epochMs = EPOCH_MS
  now = 0
  readonly trace: string[] = []
  readonly proxies = new Set<WireProxy>()
  readonly backends: Backends
  private readonly monitor: pg.Client
  private readonly serverClock: ServerClock
  private readonly queue: Happening[] = []
  private readonly frozen = new Map<string, Happening[]>()
  private readonly dead = new Set<string>()
  private order = 0
  private moves = 0
  private whenMoved: (() => void) | null = null
  /** Server processes that wait for a lock; whose client is gone, they do not notice. */
  private waiting = new Set<number>()
  /** Something was answered, or a connection has ended: a lock may have come free. */
  private mayHaveUnblocked = false
  private notificationsDue = 0
  private stopped = false
  deadlocks = 0

  private constructor(monitor: pg.Client, { backends, clock }: SimulatedDatabase) {
    this.monitor = monitor
    this.serverClock = clock
    this.backends = backends
    clock.set(0)
    backends.moved = () => this.moved()
    backends.answered = by => {
      this.waiting.delete(by.pid)
      this.mayHaveUnblocked = true
    }
  }

  static async on(database: SimulatedDatabase): Promise<Simulation> {
    const { host, user, database: name } = database.options
    const monitor = new pg.Client({ host, user, database: name })
    await monitor.connect()
    return new Simulation(monitor, database)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopped = true
    for (const proxy of this.proxies) await proxy[Symbol.asyncDispose]()
    // What is cleaned now is nobody's until then.
    await this.rest()
    await this.monitor.end()
  }

  /** The wall clock of the simulation. */
  date(): Date {
    return new Date(this.epochMs + this.now)
  }

  note(what: string): void {
    this.trace.push(`${this.now.toFixed(1).padStart(9)} ${what}`)
  }

  /** Something that will happen. Gives back how to call it off. */
  after(ms: number, to: string | null, what: string, happen: () => void | Promise<void>): () => void {
    const one: Happening = {
      at: this.now + Math.max(0, ms),
      order: this.order++,
      to,
      what,
      happen,
      off: false,
    }
    this.insert(one)
    return () => {
      one.off = true
    }
  }

  timer(process: string, ms: number, run: () => void): () => void {
    if (this.stopped) return () => {}
    return this.after(ms, process, '', run)
  }

  /** What carries a process's octets; `fates` decides what becomes of them. */
  network(process: string, fates: Pick<Network, 'fateOf' | 'notificationMs'>): Network {
    return {
      fateOf: unit => fates.fateOf(unit),
      notificationMs: to => {
        // It may be here before its notify is answered.
        this.notificationsDue -= 1
        return fates.notificationMs(to)
      },
      after: (ms, at, what, arrive) =>
        void this.after(ms, at === 'client' ? process : null, `${process}: ${what}`, arrive),
      moved: () => this.moved(),
    }
  }

  readonly wireEvents: ProxyEvents = {
    answered: (unit: UnitInfo, status, failed) => {
      if (failed) this.note(`${unit.from}: ${unit.label} #${unit.nth} failed`)
      if (/notify/i.test(unit.label) && !failed && status === 'I') this.notificationsDue += this.listening()
    },
  }

  /** The process hears, sees and does nothing until it is thawed; what it has sent goes on. */
  freeze(process: string): void {
    this.note(`${process} freezes`)
    this.frozen.set(process, [])
  }

  thaw(process: string): void {
    const waiting = this.frozen.get(process) ?? []
    this.frozen.delete(process)
    this.note(`${process} thaws`)
    for (const one of waiting) this.insert({ ...one, at: this.now })
  }

  /** Nothing happens to it ever again. */
  kill(process: string): void {
    this.note(`${process} is killed`)
    this.dead.add(process)
    this.frozen.delete(process)
  }

  isFrozen(process: string): boolean {
    return this.frozen.has(process)
  }

  /** Lets things happen until `over` says so, or nothing is left. */
  async run(over: () => boolean): Promise<void> {
    await this.rest()
    while (!over()) {
      const next = this.queue.shift()
      if (next === undefined) return
      if (next.off || (next.to !== null && this.dead.has(next.to))) continue
      this.now = Math.max(this.now, next.at)
      const held = next.to === null ? undefined : this.frozen.get(next.to)
      if (held) {
        held.push(next)
        continue
      }
      if (next.what !== '') this.note(next.what)
      this.serverClock.set(this.now)
      await next.happen()
      await this.rest()
    }
  }

  /** Until the promise is kept; throws when it is broken, or when nothing is left that could keep it. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let over = false
    const kept = promise.finally(() => {
      over = true
    })
    kept.catch(() => {})
    await this.run(() => over)
    if (!over) throw new Error('nothing is left that could happen, and what is waited for has not')
    return await kept
  }

  /** For so many milliseconds. */
  async pass(ms: number): Promise<void> {
    let over = false
    this.after(ms, null, '', () => {
      over = true
    })
    await this.run(() => over)
  }

  private insert(one: Happening): void {
    let low = 0
    let high = this.queue.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.queue[middle] as Happening
      if (other.at < one.at || (other.at === one.at && other.order < one.order)) low = middle + 1
      else high = middle
    }
    this.queue.splice(low, 0, one)
  }

  private moved(): void {
    this.moves += 1
    this.whenMoved?.()
  }

  /** Resolves when all has come to rest. */
  private async rest(): Promise<void> {
    const waited = new OwnTime()
    for (;;) {
      await this.quiet()
      const working = this.working()
      if (working.length === 0) {
        this.mayHaveUnblocked = false
        if (this.notificationsDue <= 0 || waited.ms > NOTIFIED_WITHIN_MS) {
          this.notificationsDue = 0
          return
        }
        await this.movement()
        continue
      }
      if (waited.ms > STUCK_MS)
        throw new Error(`PostgreSQL is stuck: its processes ${working.join(', ')} do not answer`)
      // Who waited for a lock waits on, most times: that is asked at once.
      const mostlyWaits = this.mayHaveUnblocked && working.every(pid => this.waiting.has(pid))
      if (!mostlyWaits && (await this.movement())) continue
      if (!(await this.lookAtServer())) await this.movement()
    }
  }

  /** Server processes that are asked, and not known to wait for a lock; 0 for one that has not said its number yet. */
  private working(): number[] {
    const busy = [...this.backends.all].flatMap(backend => (backend.isBusy ? [backend.pid] : []))
    return this.mayHaveUnblocked ? busy : busy.filter(pid => !this.waiting.has(pid))
  }

  /** Asks PostgreSQL who waits for whom. False: not all is as it was said to be any more, ask again. */
  private async lookAtServer(): Promise<boolean> {
    const { moves } = this
    const { rows } = await this.monitor.query<{ pid: number; by: number[] }>({
      name: 'look',
      text: 'select pid, pg_blocking_pids(pid) as by from unnest($1::int[]) as pid',
      values: [[...new Set([...this.waiting, ...this.working()])]],
    })
    if (moves !== this.moves) return false
    // Held back by one that rests. By one that is at work, or by PostgreSQL's own: that passes by itself.
    const resting = new Set([...this.backends.all].flatMap(backend => (backend.isBusy ? [] : [backend.pid])))
    const waiting = rows.filter(row => row.by.length > 0)
    for (const { pid } of waiting) resting.add(pid)
    if (waiting.some(({ by }) => by.some(pid => !resting.has(pid)))) return false
    const circle = isCircle(new Map(waiting.map(row => [row.pid, row.by])))
    // PostgreSQL breaks it, and that is something to wait for.
    if (circle) this.deadlocks += 1
    this.waiting = new Set(circle ? [] : waiting.map(row => row.pid))
    this.mayHaveUnblocked = false
    return this.working().length === 0
  }

  private listening(): number {
    return [...this.proxies].reduce((sum, proxy) => sum + proxy.listeners, 0)
  }

  /** Until no octet has moved for some turns of the event loop. */
  private async quiet(): Promise<void> {
    for (let turns = 0, moves = this.moves; turns < QUIET_TURNS; ) {
      await new Promise<void>(resolve => realSetImmediate(resolve))
      turns = moves === this.moves ? turns + 1 : 0
      moves = this.moves
    }
  }

  /** True when an octet moved; false when none did for a moment of real time. */
  private async movement(): Promise<boolean> {
    const { moves } = this
    await new Promise<void>(resolve => {
      const timer = realSetTimeout(resolve, ASK_AFTER_MS)
      this.whenMoved = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.whenMoved = null
    return moves !== this.moves
  }
}

/** Whether some wait for each other in a circle. */
function isCircle(by: ReadonlyMap<number, readonly number[]>): boolean {
  const over = new Set<number>()
  const on = new Set<number>()
  const meets = (pid: number): boolean => {
    if (on.has(pid)) return true
    if (over.has(pid)) return false
    on.add(pid)
    const found = (by.get(pid) ?? []).some(meets)
    on.delete(pid)
    over.add(pid)
    return found
  }
  return [...by.keys()].some(meets)
}
