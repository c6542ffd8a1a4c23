// One process of a history: an engine with its own pool, on its own way to the database. Many of them live in one Node
// process, since an engine is an object; the simulation freezes and kills them as if they did not.

import { Engine, type EngineOptions } from '../../server/src/engine/engine.ts'
import { Database, type DatabaseOptions, isUnavailable } from '../../server/src/store/database.ts'
import type { Facts } from './judge/facts.ts'
import { Choices } from './seeded.ts'
import type { Simulation } from './simulation.ts'
import { asProcess } from './virtual-time.ts'
import { type Network, type ProxyEvents, WireProxy } from './wire-proxy.ts'
import type { World } from './world.ts'

export type ProcessParts = {
  readonly name: string
  readonly seed: number
  readonly simulation: Simulation
  readonly facts: Facts
  readonly world: World
  readonly postgres: DatabaseOptions
  readonly fates: Pick<Network, 'fateOf' | 'notificationMs'>
  readonly engine?: Partial<EngineOptions>
  readonly events?: ProxyEvents
}

const CONNECTIONS = 4

export class EngineProcess {
  readonly name: string
  readonly proxy: WireProxy
  readonly db: Database
  readonly engine: Engine
  private readonly parts: ProcessParts
  private readonly calls = new Set<Promise<unknown>>()
  private life: 'live' | 'frozen' | 'stopping' | 'dead' = 'live'

  private constructor(parts: ProcessParts, proxy: WireProxy) {
    const { name, seed, postgres, facts, world } = parts
    this.name = name
    this.parts = parts
    this.proxy = proxy
    const choices = new Choices(seed, `ids of ${name}`)
    const onError = (where: string, error: unknown) => {
      if (!isUnavailable(error))
        facts.add({ is: 'error', process: name, where, error: String(error), uncaught: false })
    }
    const { db, engine } = asProcess(parts.simulation, name, () => {
      const db = new Database({ ...postgres, host: proxy.host, maxConnections: CONNECTIONS })
      const engine = new Engine({
        db,
        random: bytes => choices.bytes(bytes),
        ...parts.engine,
        runner: { ...parts.engine?.runner, onError },
      })
      engine.register({ carriers: world.carriers(name), domains: [world.domain(engine)] })
      return { db, engine }
    })
    this.db = db
    this.engine = engine
  }

  static async make(parts: ProcessParts): Promise<EngineProcess> {
    const { name, simulation, fates } = parts
    const proxy = await WireProxy.listen({
      from: name,
      network: simulation.network(name, fates),
      backends: simulation.backends,
      events: {
        ...parts.events,
        answered(unit, status, failed) {
          simulation.wireEvents.answered?.(unit, status, failed)
          parts.events?.answered?.(unit, status, failed)
        },
      },
    })
    simulation.proxies.add(proxy)
    return new EngineProcess(parts, proxy)
  }

  get isLive(): boolean {
    return this.life === 'live'
  }

  get isFrozen(): boolean {
    return this.life === 'frozen'
  }

  /** What the process itself does: on its own time. */
  call<T>(work: (engine: Engine, db: Database) => Promise<T>): Promise<T> {
    return asProcess(this.parts.simulation, this.name, () => work(this.engine, this.db))
  }

  /** As call, for a caller from outside: a graceful stop answers it first. */
  serve<T>(work: (engine: Engine, db: Database) => Promise<T>): Promise<T> {
    const call = this.call(work)
    this.calls.add(call)
    const over = () => void this.calls.delete(call)
    call.then(over, over)
    return call
  }

  /** Resolves when its loop runs; throws when the database was away, or its answer was lost: another is started then. */
  async start(): Promise<void> {
    this.parts.facts.add({ is: 'process', process: this.name, now: 'starts' })
    await this.call(engine => engine.start())
  }

  freeze(): void {
    this.life = 'frozen'
    this.parts.facts.add({ is: 'process', process: this.name, now: 'freezes' })
    this.parts.simulation.freeze(this.name)
  }

  thaw(): void {
    this.life = 'live'
    this.parts.facts.add({ is: 'process', process: this.name, now: 'thaws' })
    this.parts.simulation.thaw(this.name)
  }

  kill(): void {
    this.life = 'dead'
    this.parts.facts.add({ is: 'process', process: this.name, now: 'dies' })
    this.parts.simulation.kill(this.name)
    this.proxy.abandonAll()
  }

  async stop(): Promise<void> {
    if (this.life !== 'live') return
    // It is asked for nothing any more.
    this.life = 'stopping'
    this.parts.facts.add({ is: 'process', process: this.name, now: 'stops' })
    await this.call(async (engine, db) => {
      await Promise.allSettled(this.calls)
      await engine.stop()
      await db.close()
    })
    this.life = 'dead'
    // What it has left behind dies with it.
    this.parts.simulation.kill(this.name)
  }
}
