// What callers do in one history, by its seed: which events there will be, and who asks for what when. Pure.

import type { EarlyPolicy } from '../../server/src/core/event.ts'
import {
  type Behaviour,
  type Kind,
  NOTHING_PLANNED,
  type Planned,
  type PlannedEffect,
  type PlannedEvent,
} from './judge/facts.ts'
import { Choices } from './seeded.ts'

export type Step = { readonly atMs: number } & (
  | { readonly do: 'announce'; readonly event: PlannedEvent }
  | {
      readonly do: 'cancel'
      readonly by: string
      readonly event: string
      /** By its key, where it has one. */
      readonly byKey: boolean
      readonly requestKey: string | null
      readonly earlyMs: number | null
      /** Asked again until it is answered, where a request key makes it one request. */
      readonly insists: boolean
    }
  | { readonly do: 'revise'; readonly event: string; readonly effects: readonly PlannedEffect[] }
  /** And calls off what it was announced with, so much later. */
  | { readonly do: 'retry dead'; readonly cancelAfterMs: number | null }
  | { readonly do: 'advance clock'; readonly byMs: number }
  | { readonly do: 'answer offers' }
  | { readonly do: 'read receipts' }
  | { readonly do: 'freeze'; readonly process: number; readonly forMs: number }
  | { readonly do: 'kill'; readonly process: number; readonly backAfterMs: number }
  | { readonly do: 'stop'; readonly process: number; readonly backAfterMs: number }
  | { readonly do: 'database away'; readonly forMs: number }
)

export type Script = {
  readonly processes: number
  /** Its tenant has a clock of its own. */
  readonly sandbox: boolean
  /** Effects that a cancel marks itself: few make it an open cancellation (I10). */
  readonly maxMarkedAtOnce: number
  readonly slots: number
  readonly beatMs: number
  readonly leaseMs: number
  readonly careEveryMs: number
  readonly steps: readonly Step[]
  /** When all of it is over, and calm begins. */
  readonly endMs: number
}

const ENTITIES = ['order 1', 'order 2']
const KEYS = ['a', 'b', 'c']
const BEHAVIOURS = {
  takes: 6,
  'takes, says 500': 2.5,
  'takes, hangs': 0.7,
  'says 500': 1,
  hangs: 0.7,
  'is busy': 1,
  refuses: 0.4,
  'is away': 1,
} as const satisfies Record<Behaviour, number>
/** How long callers are at it, milliseconds. */
const BUSY_MS = 14_000

export function scriptOf(seed: number): Script {
  const choices = new Choices(seed, 'script')
  const writer = new Writer(choices)
  const processes = choices.among([1, 1, 2, 2, 3])
  const sandbox = choices.maybe(0.12)
  const events = writer.events(choices.whole(3, 6))
  const steps: Step[] = [
    ...events,
    ...events.flatMap(({ atMs, event }) => writer.about(event, atMs)),
    ...writer.trouble(processes),
  ]
  for (let i = choices.whole(0, 3); i > 0; i--)
    steps.push({
      atMs: choices.whole(2000, BUSY_MS),
      do: 'retry dead',
      cancelAfterMs: choices.among([null, 0, 4, 400]),
    })
  if (sandbox) {
    for (let i = choices.whole(1, 5); i > 0; i--)
      steps.push({ atMs: choices.whole(100, BUSY_MS), do: 'advance clock', byMs: choices.whole(10, 5000) })
  }
  for (let i = choices.whole(0, 2); i > 0; i--)
    steps.push({ atMs: choices.whole(500, BUSY_MS), do: 'answer offers' })
  for (let i = 0; i < 3; i++) steps.push({ atMs: choices.whole(500, BUSY_MS + 4000), do: 'read receipts' })
  const quick = choices.maybe(0.25)
  return {
    processes,
    sandbox,
    maxMarkedAtOnce: choices.among([5000, 5000, 5000, 3]),
    slots: choices.among([100, 100, 1]),
    beatMs: quick ? 1000 : 2500,
    leaseMs: quick ? 4000 : 10_000,
    careEveryMs: quick ? 1500 : 4000,
    steps: steps.toSorted((a, b) => a.atMs - b.atMs),
    endMs: BUSY_MS + 4000,
  }
}

class Writer {
  private readonly choices: Choices
  private made = 0
  private requests = 0

  constructor(choices: Choices) {
    this.choices = choices
  }

  events(count: number): (Step & { readonly do: 'announce' })[] {
    const { choices } = this
    const made: (Step & { readonly do: 'announce' })[] = []
    for (let i = 0; i < count; i++) {
      const above = made.length > 0 && choices.maybe(0.4) ? choices.among(made) : null
      const atMs = above ? above.atMs + choices.whole(5, 4000) : choices.whole(0, BUSY_MS / 2)
      const parent = above && { title: above.event.title, link: choices.maybe(0.75) ? 'cancel' : 'keep' }
      made.push({ atMs, do: 'announce', event: this.event(parent as PlannedEvent['parent'], 0) })
    }
    return made
  }

  /** What happens to an event that is announced at `atMs`. */
  about(event: PlannedEvent, atMs: number): Step[] {
    const { choices } = this
    const steps: Step[] = []
    const soon = () =>
      Math.max(0, atMs + (choices.maybe(0.5) ? choices.whole(0, 60) : choices.whole(0, 9000)))
    for (let i = choices.among([0, 0, 1, 2]); i > 0; i--)
      steps.push({
        atMs: soon(),
        do: 'revise',
        event: event.title,
        effects: this.effects(choices.whole(0, 2), `${event.title} revised`, 1),
      })
    if (choices.maybe(0.75)) steps.push(this.cancel(event, soon()))
    if (choices.maybe(0.35)) steps.push(this.cancel(event, soon()))
    const early = event.key !== null && choices.maybe(0.15)
    if (early)
      steps.push({
        ...this.cancel(event, Math.max(0, atMs - choices.whole(1, 2000))),
        byKey: true,
        earlyMs: 8000,
      })
    return steps
  }

  trouble(processes: number): Step[] {
    const { choices } = this
    const steps: Step[] = []
    const process = () => choices.whole(0, processes - 1)
    const at = () => choices.whole(200, BUSY_MS)
    if (choices.maybe(0.3))
      steps.push({ atMs: at(), do: 'freeze', process: process(), forMs: choices.among([700, 6000, 14_000]) })
    if (choices.maybe(0.3))
      steps.push({ atMs: at(), do: 'kill', process: process(), backAfterMs: choices.among([50, 5000]) })
    if (choices.maybe(0.1))
      steps.push({ atMs: at(), do: 'stop', process: process(), backAfterMs: choices.among([50, 5000]) })
    if (choices.maybe(0.12)) steps.push({ atMs: at(), do: 'database away', forMs: choices.among([20, 3000]) })
    return steps
  }

  private cancel(event: PlannedEvent, atMs: number): Step & { readonly do: 'cancel' } {
    const { choices } = this
    this.requests += 1
    return {
      atMs,
      do: 'cancel',
      by: choices.among(['ann', 'ben']),
      event: event.title,
      byKey: choices.maybe(0.4),
      requestKey: choices.maybe(0.5) ? `request ${this.requests}` : null,
      earlyMs: choices.maybe(0.2) ? 8000 : null,
      insists: choices.maybe(0.8),
    }
  }

  private event(parent: PlannedEvent['parent'], depth: number): PlannedEvent {
    const { choices } = this
    this.made += 1
    const title = `E${this.made}`
    return {
      title,
      key: choices.maybe(0.6) ? choices.among(KEYS) : null,
      entity: choices.among(ENTITIES),
      parent,
      early: choices.among<EarlyPolicy>(['absorb', 'absorb', 'reject', 'ignore']),
      effects: this.effects(choices.whole(1, 3), title, depth),
    }
  }

  private effects(count: number, about: string, depth: number): PlannedEffect[] {
    const { choices } = this
    return Array.from({ length: count }, () => {
      this.made += 1
      const kind = choices.weighed<Kind>({
        mail: 5,
        call: 4,
        offer: 1.5,
        delay: depth < 2 ? 2 : 0,
        withdraw: 0,
        letter: 0,
      })
      const title = `${about}.${kind}${this.made}`
      return {
        title,
        kind,
        afterMs: choices.maybe(0.6) ? 0 : choices.whole(1, 9000),
        link: choices.maybe(0.92) ? 'cancel' : 'keep',
        maxAttempts: kind === 'delay' ? choices.among([1, 3, 5]) : choices.among([1, 1, 2, 3]),
        script: Array.from({ length: choices.whole(1, 3) }, () => choices.weighed<Behaviour>(BEHAVIOURS)),
        next: kind === 'delay' ? this.next(title, depth) : NOTHING_PLANNED,
      }
    })
  }

  private next(title: string, depth: number): Planned {
    const { choices } = this
    const child = { title: '', link: choices.maybe(0.8) ? 'cancel' : 'keep' } as const
    return {
      effects: this.effects(choices.whole(0, 2), title, depth + 1),
      events: choices.maybe(0.3) ? [this.event(child, depth + 1)] : [],
    }
  }
}
