// The world that effects happen to, outside of every process: receivers that do what their script says, however the process
// that called them fares meanwhile. And the carriers and the domain that an engine is given, which speak to them.
//
//   carrier is handed an effect ──connects──► sent ──under way──► receiver acts ──under way──► carrier hears and says
//                    │ told to stop            │ told to stop
//                    ▼                         ▼  mail: waits for the answer a while, else in doubt
//               stopped (nothing left)            call: waiting; the withdrawal asks the receiver
//
// What belongs to the process (it connects, it hears) waits while it is frozen; what is under way does not.

import type { Carrier } from '../../server/src/core/effects/carrier.ts'
import type {
  EffectAborted,
  NewEffect,
  StartedEffect,
  Verdict,
} from '../../server/src/core/effects/effect.ts'
import type { Announcement } from '../../server/src/core/event.ts'
import type { JsonObject } from '../../server/src/core/json.ts'
import type { CancelledEvent, Domain, NextSteps, Settled } from '../../server/src/engine/domain.ts'
import type { Engine } from '../../server/src/engine/engine.ts'
import type { Tx } from '../../server/src/store/database.ts'
import {
  type Behaviour,
  type Facts,
  type Kind,
  type Planned,
  type PlannedEffect,
  type PlannedEvent,
  touchesWorld,
} from './judge/facts.ts'
import { chance } from './seeded.ts'
import type { Simulation } from './simulation.ts'

export const TENANT = 'contoso'
export const EVENT_KIND = 'chaos.event'

/** How long a carrier waits for an answer, and after it was told to stop. */
const ANSWER_MS = 12_000
const LAST_ANSWER_MS = 5000
/** From a receiver that was told, by the withdrawal, that this is called off. */
const WITHDRAWN = { is: 'failed', error: '410: it was withdrawn' } as const

export type WorldOptions = {
  readonly seed: number
  /** Carriers that run at once, per kind. */
  readonly slots: number
  /** Receivers of mail and calls act and answer when the test says so. */
  readonly steered?: boolean
}

/** A receiver that a test steers: it acts and answers when it is let. */
export type Arrival = {
  readonly effectId: string
  readonly title: string
  takeEffect(): void
  answer(verdict: Verdict): void
}

export class World {
  private readonly simulation: Simulation
  private readonly facts: Facts
  private readonly options: WorldOptions
  private readonly runsOf = new Map<string, number>()
  private readonly withdrawn = new Set<string>()
  private readonly taken = new Set<string>()
  private runs = 0
  /** Offers that are on a screen, as their carriers were handed them. */
  readonly shown = new Map<string, StartedEffect>()
  /** What has come to a steered world and waits for the test. */
  readonly waiting: Arrival[] = []
  private readonly whenArrived: (() => void)[] = []

  constructor(simulation: Simulation, facts: Facts, options: WorldOptions) {
    this.simulation = simulation
    this.facts = facts
    this.options = options
  }

  carriers(process: string): readonly Carrier[] {
    const carrier = (kind: Kind, of: Partial<Carrier> = {}): Carrier => ({
      kind,
      slots: this.options.slots,
      maxAttempts: 3,
      // For an engine that asks; today's does not.
      ...{ touchesWorld: touchesWorld(kind) },
      run: (effect, signal) => this.run(process, kind, effect, signal),
      ...of,
    })
    return [
      carrier('mail'),
      carrier('call', { withdraw: effect => withdrawalOf(effect) }),
      carrier('offer'),
      carrier('delay'),
      carrier('withdraw', { maxAttempts: 8 }),
      carrier('letter', { maxAttempts: 8 }),
    ]
  }

  /** `engine`: of the process, for what the domain ends within a cancel. */
  domain(engine: Engine): Domain {
    return {
      eventKind: EVENT_KIND,
      wantsSettled: kind => kind === 'delay',
      settled: async (_tx, settled) => new Map(settled.map(one => [one.effect.id, this.next(one)])),
      cancelled: (tx, events) => this.cancelled(engine, tx, events),
    }
  }

  /** Resolves with the `count`-th that has come to a steered world. */
  async arrived(count: number): Promise<Arrival> {
    while (this.waiting.length < count)
      await new Promise<void>(resolve => {
        this.whenArrived.push(resolve)
      })
    return this.waiting[count - 1] as Arrival
  }

  private run(process: string, kind: Kind, effect: StartedEffect, signal: AbortSignal): Promise<Verdict> {
    this.runs += 1
    const run = this.runs
    const nth = (this.runsOf.get(effect.id) ?? 0) + 1
    this.runsOf.set(effect.id, nth)
    this.facts.add({
      is: 'began',
      run,
      process,
      effectId: effect.id,
      eventId: effect.eventId,
      noticeOf: effect.noticeOf,
      title: effect.title,
      kind,
      attempt: effect.attempt,
    })
    this.simulation.note(`${process}: runs ${effect.title}, attempt ${effect.attempt}`)
    const { promise, resolve } = Promise.withResolvers<Verdict>()
    let over = false
    const say = (verdict: Verdict) => {
      if (over) return
      over = true
      this.facts.add({ is: 'said', run, verdict })
      this.simulation.note(`${process}: ${effect.title} is ${verdict.is}`)
      resolve(verdict)
    }
    const heardStop = (then: () => void) =>
      signal.addEventListener('abort', () => {
        if (over) return
        const { why, cancellationId } = signal.reason as EffectAborted
        this.facts.add({ is: 'told to stop', run, why, cancellationId })
        then()
      })
    this.begin({ process, kind, effect, nth, signal, say, heardStop })
    return promise
  }

  private begin(one: Attempt): void {
    const { process, kind, signal, say, heardStop } = one
    const { simulation } = this
    if (kind === 'delay') {
      simulation.after(this.ms(one, 'delay', 0.2, 40), process, '', () => say({ is: 'done' }))
      heardStop(() => {})
      return
    }
    let sent = false
    heardStop(() => {
      if (!sent) say({ is: 'stopped', evidence: { phase: 'connect' } })
      else this.stopAfterSent(one)
    })
    const behaviour = this.behaviour(one)
    simulation.after(this.ms(one, 'connect', 0.3, 20), process, '', () => {
      if (signal.aborted) return
      if (behaviour === 'is away') {
        say({ is: 'retry', error: 'no connection', afterMs: this.retryMs(one) })
        return
      }
      sent = true
      simulation.after(this.ms(one, 'request', 0.3, 300), null, '', () => this.arrive(one, behaviour))
      simulation.after(ANSWER_MS, process, '', () =>
        say({ is: 'retry', error: 'no answer', mayHaveHappened: true, afterMs: this.retryMs(one) }),
      )
    })
  }

  /** Told to stop when the request is on its way. */
  private stopAfterSent({ process, kind, signal, say }: Attempt): void {
    const { why } = signal.reason as EffectAborted
    if (why !== 'cancelled') {
      say({ is: 'retry', error: `aborted: ${why}`, mayHaveHappened: true })
    } else if (kind === 'call') {
      say({ is: 'waiting', evidence: { phase: 'sent' } })
    } else if (kind === 'mail') {
      this.simulation.after(LAST_ANSWER_MS, process, '', () => say({ is: 'in_doubt' }))
    }
  }

  /** At the receiver, whatever has become of the process. */
  private arrive(one: Attempt, behaviour: Behaviour): void {
    const { process, kind, effect, say } = one
    const { simulation } = this
    const answer = (verdict: Verdict): void => {
      simulation.after(this.ms(one, 'answer', 0.3, 300), process, '', () => say(verdict))
    }
    if (kind === 'withdraw') this.askReceiver(one, behaviour, answer)
    else if (this.withdrawn.has(effect.id)) answer(WITHDRAWN)
    else if (kind === 'offer') {
      this.shown.set(effect.id, effect)
      simulation.note(`a screen shows ${effect.title}`)
      answer({ is: 'waiting' })
    } else if (this.options.steered && kind !== 'letter') {
      const { id: effectId, title } = effect
      this.waiting.push({ effectId, title, takeEffect: () => this.takeEffect(effect), answer })
      for (const resolve of this.whenArrived.splice(0)) resolve()
    } else {
      simulation.after(this.ms(one, 'act', 0.1, 2500), null, '', () => this.act(one, behaviour, answer))
    }
  }

  private act(one: Attempt, behaviour: Behaviour, answer: (verdict: Verdict) => void): void {
    if (this.withdrawn.has(one.effect.id)) {
      answer(WITHDRAWN)
      return
    }
    if (behaviour.startsWith('takes')) this.takeEffect(one.effect)
    const verdict = this.verdictOf(behaviour, one)
    if (verdict !== null) answer(verdict)
  }

  private askReceiver(one: Attempt, behaviour: Behaviour, answer: (verdict: Verdict) => void): void {
    const effectId = String(one.effect.data.effectId)
    if (behaviour === 'is busy' || behaviour === 'says 500') {
      answer({ is: 'retry', error: behaviour, mayHaveHappened: true, afterMs: this.retryMs(one) })
      return
    }
    this.withdrawn.add(effectId)
    if (behaviour === 'hangs') return
    const outcome = this.taken.has(effectId) ? 'too_late' : 'stopped'
    this.simulation.note(`a receiver is asked about ${one.effect.title}: ${outcome}`)
    answer({ is: 'done', result: { resolves: effectId, outcome, evidence: { said: outcome } } })
  }

  private takeEffect(effect: StartedEffect): void {
    this.taken.add(effect.id)
    this.facts.add({ is: 'took effect', effectId: effect.id, title: effect.title })
    this.simulation.note(`${effect.title} takes effect`)
  }

  private verdictOf(behaviour: Behaviour, one: Attempt): Verdict | null {
    switch (behaviour) {
      case 'takes':
        return { is: 'done', evidence: { status: 200 } }
      case 'takes, says 500':
      case 'says 500':
        return { is: 'retry', error: '500', mayHaveHappened: true, afterMs: this.retryMs(one) }
      case 'is busy':
        return { is: 'retry', error: '429', afterMs: this.retryMs(one) }
      case 'refuses':
        return { is: 'failed', error: '400' }
      case 'hangs':
      case 'takes, hangs':
      case 'is away':
        return null
      default:
        return behaviour satisfies never
    }
  }

  /** The n-th run meets the n-th of the script. */
  private behaviour({ kind, effect, nth }: Attempt): Behaviour {
    if (kind === 'letter' || kind === 'withdraw') {
      const among: readonly Behaviour[] = [
        'takes',
        'takes',
        'takes',
        'takes, says 500',
        'says 500',
        'is away',
        'hangs',
      ]
      return this.options.steered
        ? 'takes'
        : (among[Math.floor(this.chance(effect, nth, 'notice') * among.length)] as Behaviour)
    }
    const script = (effect.data.script ?? ['takes']) as readonly Behaviour[]
    return script[Math.min(nth, script.length) - 1] ?? 'takes'
  }

  private next({ effect, ending }: Settled): NextSteps {
    this.facts.add({ is: 'next asked', effectId: effect.id, title: effect.title, ending })
    if (effect.eventId === null) return {}
    const planned = (effect.data.next ?? { effects: [], events: [] }) as unknown as Planned
    const parent = effect.eventId
    return {
      effects: planned.effects.map(newEffect),
      events: planned.events.map(event =>
        announcementOf(event, { parent: { id: parent, link: event.parent?.link ?? 'cancel' } }),
      ),
    }
  }

  private async cancelled(engine: Engine, tx: Tx, events: readonly CancelledEvent[]) {
    const offers = events.flatMap(({ effects }) =>
      effects.filter(effect => effect.kind === 'offer' && effect.outcome === 'stopping'),
    )
    // As the room of offers does: what is on a screen leaves it within the cancel's own commit.
    if (offers.length > 0)
      await engine.end(
        tx,
        offers.map(({ id }) => ({ tenant: TENANT, effectId: id, verdict: { is: 'stopped' } as const })),
      )
    const letter = ({ event, cancellationId }: CancelledEvent): NewEffect => ({
      kind: 'letter',
      title: `letter about ${event.title}`,
      due: { afterMs: 0 },
      data: { cancellationId },
    })
    return new Map(
      events.map(cancelled => [cancelled.event.id, cancelled.isTarget ? [letter(cancelled)] : []]),
    )
  }

  /** Mostly about `usual`, now and then up to `most`; the same for the same run of the same effect. */
  private ms({ effect, nth }: Attempt, about: string, usual: number, most: number): number {
    const of = (what: string) => this.chance(effect, nth, `${about} ${what}`)
    if (this.options.steered || of('slow?') > 0.3) return usual * (0.5 + of('usual'))
    return usual + most * of('slow') ** 2
  }

  private chance(effect: StartedEffect, nth: number, about: string): number {
    return chance(this.options.seed, about, effect.title, nth)
  }

  private retryMs(one: Attempt): number {
    return Math.round(this.ms(one, 'retry', 200, 4000))
  }
}

type Attempt = {
  readonly process: string
  readonly kind: Kind
  readonly effect: StartedEffect
  /** How many times it was run, this time included. */
  readonly nth: number
  readonly signal: AbortSignal
  readonly say: (verdict: Verdict) => void
  readonly heardStop: (then: () => void) => void
}

export function newEffect(planned: PlannedEffect): NewEffect {
  const { title, kind, afterMs, link, maxAttempts, script, next } = planned
  return {
    kind,
    title,
    due: { afterMs },
    link,
    maxAttempts,
    data: { script, next } as unknown as JsonObject,
  }
}

export function announcementOf(event: PlannedEvent, over: Partial<Announcement> = {}): Announcement {
  return {
    tenant: TENANT,
    kind: EVENT_KIND,
    key: event.key,
    entity: event.entity,
    title: event.title,
    data: {},
    early: event.early,
    effects: event.effects.map(newEffect),
    ...over,
  }
}

function withdrawalOf({ id, title }: { readonly id: string; readonly title: string }): NewEffect {
  return {
    kind: 'withdraw',
    title: `withdraw ${title}`,
    due: { afterMs: 0 },
    data: { effectId: id },
  }
}
