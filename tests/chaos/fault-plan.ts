// What goes wrong on the way to the database in one history, by its seed: each history has weather of its own (how often
// things are slow or break, and which statements are struck more often than others), and trouble comes in bursts, since
// what an engine does about one fault is where the next one hurts.
//
// What becomes of a unit depends on the seed, its statement, its ordinal, and on whether its process is in trouble: not on
// the names of statements, which are the engine's own business.

import { Choices, chance } from './seeded.ts'
import type { Fate, UnitInfo } from './wire-proxy.ts'

export type Weather = {
  /** Share of units that are slow, up to so many milliseconds. */
  readonly slow: number
  readonly slowMs: number
  /** Share of units that are so slow that leases run out. */
  readonly verySlow: number
  /** Share of units over which the connection breaks. */
  readonly breaks: number
  /** How many times more often where it strikes most, and the share of places that are such. */
  readonly struck: number
  readonly struckPlaces: number
  /** For so long after a fault … */
  readonly burstMs: number
  /** … connections break, or are slow, at this rate. */
  readonly burst: number
  readonly notificationsLost: number
}

export const CALM: Weather = {
  slow: 0,
  slowMs: 0,
  verySlow: 0,
  breaks: 0,
  struck: 1,
  struckPlaces: 0,
  burstMs: 0,
  burst: 0,
  notificationsLost: 0,
}

const BREAKS = { 'request lost': 2, 'request late': 3, 'answer lost': 5 } as const
/** A delay beyond this is a trouble that the checker is told of. */
const TROUBLE_MS = 100

export function weatherOf(seed: number): Weather {
  const choices = new Choices(seed, 'weather')
  if (choices.maybe(0.1)) return CALM
  return {
    slow: choices.among([0, 0.02, 0.1, 0.3]),
    slowMs: choices.among([20, 200, 1500]),
    verySlow: choices.among([0, 0, 0.001, 0.004]),
    breaks: choices.among([0, 0.002, 0.006, 0.015]),
    struck: choices.among([1, 10, 40]),
    struckPlaces: choices.among([0.05, 0.15]),
    burstMs: choices.among([0, 1500, 6000]),
    burst: choices.among([0.1, 0.25, 0.4]),
    notificationsLost: choices.among([0, 0, 0.3, 1]),
  }
}

export class FaultPlan {
  private readonly seed: number
  private readonly weather: Weather
  private readonly clock: { readonly now: number }
  private readonly told: (process: string, what: string) => void
  private readonly troubleUntil = new Map<string, number>()
  private calm = false

  constructor(
    seed: number,
    weather: Weather,
    clock: { readonly now: number },
    told: (process: string, what: string) => void,
  ) {
    this.seed = seed
    this.weather = weather
    this.clock = clock
    this.told = told
  }

  /** From now on all goes well. */
  end(): void {
    this.calm = true
  }

  notificationMs(to: string): number | null {
    const nth = this.clock.now.toFixed(1)
    if (!this.calm && chance(this.seed, 'notification', to, nth) < this.weather.notificationsLost) return null
    return 0.2 + chance(this.seed, 'notification ms', to, nth)
  }

  fateOf(unit: UnitInfo): Fate {
    const { weather } = this
    const place = placeOf(unit)
    const roll = (what: string) => chance(this.seed, what, unit.from, place, unit.nth)
    const plain = { requestMs: 0.1 + roll('request'), answerMs: 0.1 + roll('answer') }
    if (this.calm) return plain
    const inTrouble = (this.troubleUntil.get(unit.from) ?? 0) > this.clock.now
    const struck = chance(this.seed, 'struck', place) < weather.struckPlaces ? weather.struck : 1
    const breaks = inTrouble ? weather.burst : Math.min(0.5, weather.breaks * struck)
    if (roll('breaks') < breaks) return this.breaking(unit, roll, plain)
    const slow = inTrouble ? weather.burst : Math.min(0.5, weather.slow * Math.sqrt(struck))
    const least = inTrouble ? 200 : 0
    const most = inTrouble ? 3000 : weather.slowMs
    if (roll('very slow') < weather.verySlow * struck) return this.slowed(unit, plain, roll, 15_000, 25_000)
    if (roll('slow') < slow) return this.slowed(unit, plain, roll, least, most)
    return plain
  }

  private breaking(unit: UnitInfo, roll: (what: string) => number, plain: Fate): Fate {
    let left = roll('how') * Object.values(BREAKS).reduce((sum, weight) => sum + weight, 0)
    let breaks: NonNullable<Fate['breaks']> = 'answer lost'
    for (const [name, weight] of Object.entries(BREAKS)) {
      left -= weight
      if (left >= 0) continue
      breaks = name as NonNullable<Fate['breaks']>
      break
    }
    this.trouble(unit, breaks)
    const lingerMs = roll('lingers?') < 0.2 ? Math.round(roll('lingers') * 8000) : 0
    const requestMs = breaks === 'request late' ? 5 + roll('late') ** 2 * 6000 : plain.requestMs
    return { ...plain, requestMs, breaks, lingerMs }
  }

  private slowed(
    unit: UnitInfo,
    plain: Fate,
    roll: (what: string) => number,
    leastMs: number,
    mostMs: number,
  ): Fate {
    const ms = leastMs + roll('how slow') * (mostMs - leastMs)
    if (ms > TROUBLE_MS) this.trouble(unit, `slow by ${Math.round(ms)} ms`)
    return roll('which way') < 0.5
      ? { ...plain, requestMs: plain.requestMs + ms }
      : { ...plain, answerMs: plain.answerMs + ms }
  }

  private trouble(unit: UnitInfo, what: string): void {
    if (!this.troubleUntil.has(unit.from) || this.weather.burstMs > 0)
      this.troubleUntil.set(unit.from, this.clock.now + this.weather.burstMs)
    this.told(unit.from, `${placeOf(unit)} #${unit.nth}: ${what}`)
  }
}

/** A commit is known by what it commits. */
export function placeOf({ label, transaction }: UnitInfo): string {
  return transaction.length > 1 && label === 'store.commit' ? `${label} after ${transaction.at(-2)}` : label
}
