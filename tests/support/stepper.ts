// Two or three clients on real connections, one statement at a time: each statement waits for the test's permission. Every
// order that can make a difference is run. A client that waits for a lock is found out by asking PostgreSQL who blocks it,
// so nothing here waits for time.
//
// Orders that differ only by neighbours that do not touch (two looks; two locks of different tables) are run once: what a
// statement sees in READ COMMITTED depends on the commits before it, and what it waits for on the locks before it.

import type { DatabaseOptions } from '../../server/src/store/database.ts'
import { independent } from './statement-locks.ts'
import { type Outcome, type Part, SteppedClient } from './stepped-client.ts'

export type Scenario = {
  readonly parts: { readonly [client: string]: Part }
  /** Called after every part has ended; throws when the outcome is wrong. */
  readonly check: (outcomes: { readonly [client: string]: Outcome }) => Promise<void>
}

export type Explored = {
  readonly schedules: number
  readonly complete: boolean
  readonly deadlocks: number
  readonly blocked: number
}

type Choice = {
  readonly enabled: readonly string[]
  readonly sleep: Set<string>
  chosen: string
  readonly next: ReadonlyMap<string, string>
}

export class Stepper implements AsyncDisposable {
  private readonly options: DatabaseOptions
  private readonly clients = new Map<number, SteppedClient>()
  private readonly monitor: SteppedClient

  private constructor(options: DatabaseOptions) {
    this.options = options
    this.monitor = new SteppedClient('monitor', options)
  }

  static async on(options: DatabaseOptions): Promise<Stepper> {
    const stepper = new Stepper(options)
    await stepper.monitor.connect()
    return stepper
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of [this.monitor, ...this.clients.values()]) await client.connection.end()
  }

  /**
   * Runs every order of the scenario's statements, a fresh scenario each time; beyond `most` schedules, a sample of as many
   * by `seed`. Throws with the order at the first check that fails.
   */
  async explore(
    scenario: () => Promise<Scenario>,
    options: { most?: number; seed?: number } = {},
  ): Promise<Explored> {
    try {
      return await this.exploreAll(scenario, options)
    } catch (error) {
      // Whoever is left in the middle of a transaction must not stand in the way of what comes next.
      const left = [...this.clients.values()]
      this.clients.clear()
      for (const client of left) void client.connection.end().catch(() => {})
      throw error
    }
  }

  private async exploreAll(scenario: () => Promise<Scenario>, { most = 400, seed = 1 }): Promise<Explored> {
    const stack: Choice[] = []
    let schedules = 0
    let deadlocks = 0
    let blocked = 0
    const count = (run: { deadlocks: number; blocked: number; redundant: boolean }) => {
      deadlocks += run.deadlocks
      blocked += run.blocked
      if (!run.redundant) schedules += 1
    }
    do {
      if (schedules >= most) {
        const random = generator(seed)
        for (let i = 0; i < most; i++) count(await this.runOnce(await scenario(), null, random))
        return { schedules, complete: false, deadlocks, blocked }
      }
      count(await this.runOnce(await scenario(), stack))
    } while (backtrack(stack))
    return { schedules, complete: true, deadlocks, blocked }
  }

  /** One schedule: the stack's choices first, then the first that is not asleep; or, without a stack, by chance. */
  private async runOnce(scenario: Scenario, stack: Choice[] | null, random?: () => number) {
    const names = Object.keys(scenario.parts)
    const clients = await Promise.all(names.map((name, place) => this.client(name, place)))
    const trace: string[] = []
    let [deadlocks, waits] = [0, 0]
    let redundant = false
    for (const [i, client] of clients.entries()) {
      client.begin(scenario.parts[names[i] as string] as Part)
      await client.settled()
    }
    let depth = 0
    while (clients.some(c => c.state !== 'done')) {
      const ready = clients.filter(c => c.state === 'parked')
      if (ready.length === 0) {
        deadlocks += 1
        trace.push('(deadlock)')
        await Promise.race(clients.filter(c => c.state === 'blocked').map(c => c.settled()))
        await this.refresh(clients)
        continue
      }
      let chosen: SteppedClient
      if (stack === null) chosen = ready[Math.floor(random!() * ready.length)] as SteppedClient
      else if (redundant) chosen = ready[0] as SteppedClient
      else {
        let choice = stack[depth]
        if (choice === undefined) {
          const before = stack[depth - 1]
          const sleep = new Set<string>()
          for (const name of before?.sleep ?? []) {
            if (
              name !== before!.chosen &&
              independent(before!.next.get(name) ?? '', before!.next.get(before!.chosen) ?? '')
            )
              sleep.add(name)
          }
          const awake = ready.filter(c => !sleep.has(c.name))
          if (awake.length === 0) redundant = true
          choice = {
            enabled: ready.map(c => c.name),
            sleep,
            chosen: (awake[0] ?? (ready[0] as SteppedClient)).name,
            next: new Map(ready.map(c => [c.name, c.next])),
          }
          if (!redundant) stack.push(choice)
        }
        const name = choice.chosen
        const found = ready.find(c => c.name === name)
        if (!found)
          throw new Error(
            `the schedule is not the same twice: ${name} is not ready after ${trace.join(', ')}`,
          )
        chosen = found
        depth += 1
      }
      trace.push(`${chosen.name} ${chosen.next}`)
      chosen.permit()
      if (await this.waits(chosen, clients)) waits += 1
      await this.refresh(clients)
    }
    if (redundant) return { deadlocks, blocked: waits, redundant }
    const outcomes = Object.fromEntries(clients.map(c => [c.name, c.outcome]))
    try {
      await scenario.check(outcomes)
    } catch (error) {
      throw new Error(
        `after: ${trace.join(', ')}\n${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      )
    }
    return { deadlocks, blocked: waits, redundant }
  }

  /** Waits until the client is parked, done, or blocked by another of ours; true for the last. */
  private async waits(client: SteppedClient, clients: readonly SteppedClient[]): Promise<boolean> {
    for (;;) {
      const look = this.monitor.connection.query<{ by: number[] }>({
        name: 'blocked-by',
        text: 'select pg_blocking_pids($1) as by',
        values: [client.pid],
      })
      await Promise.race([client.settled(), look])
      const by = (await look).rows[0]!.by
      if (client.state === 'parked' || client.state === 'done') return false
      if (by.some(pid => clients.some(other => other.pid === pid))) {
        client.state = 'blocked'
        return true
      }
    }
  }

  /** A commit may have freed some that were blocked: they run on to their next statement. */
  private async refresh(clients: readonly SteppedClient[]): Promise<void> {
    for (const client of clients) if (client.state === 'blocked') await this.waits(client, clients)
  }

  /** One connection for each place: one for each part would be as many as a small PostgreSQL takes. */
  private async client(name: string, place: number): Promise<SteppedClient> {
    let client = this.clients.get(place)
    if (!client) {
      client = new SteppedClient(name, this.options)
      await client.connect()
      this.clients.set(place, client)
    }
    client.name = name
    return client
  }
}

/** Turns the last choice that still has one left; false when none has. */
function backtrack(stack: Choice[]): boolean {
  for (let choice = stack.at(-1); choice; choice = stack.at(-1)) {
    choice.sleep.add(choice.chosen)
    const other = choice.enabled.find(name => !choice.sleep.has(name))
    if (other !== undefined) {
      choice.chosen = other
      return true
    }
    stack.pop()
  }
  return false
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function generator(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
