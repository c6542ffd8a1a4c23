// What follows from the facts of a history about each event, effect and cancellation: when it was surely there, what was
// done with it, who had called it off. Pure; `index` is a fact's place in the history, which orders all.

import type { Cancelled, CancelRequest, Receipt } from '../../../server/src/core/cancellation.ts'
import type { Verdict } from '../../../server/src/core/effects/effect.ts'
import type { Announced } from '../../../server/src/core/event.ts'
import type { Fact, PlannedEffect, PlannedEvent, Standing } from './facts.ts'

export type Moment = { readonly index: number; readonly at: number }

export type KnownEvent = {
  readonly title: string
  readonly plan: PlannedEvent
  /** Null for one that a domain announces. */
  readonly asked: Moment | null
  readonly announcedBy: KnownEffect | null
  readonly ids: Set<string>
  answered: (Moment & { readonly result: Announced }) | null
  readonly effects: KnownEffect[]
  /** From here on it was surely there. */
  there: Moment | null
  revises: KnownRevise[]
  standing: readonly Standing[] | null
  read: { readonly here: boolean; readonly cancellationId: string | null } | null
}

export type KnownRevise = {
  readonly asked: Moment
  answered: (Moment & { readonly result: string }) | null
  readonly event: KnownEvent
}

export type KnownEffect = {
  readonly title: string
  readonly plan: PlannedEffect
  readonly event: KnownEvent
  /** The announcement, the revise, or the end of another effect that it comes from. */
  readonly from: Moment | null
  readonly announcedBy: KnownEffect | null
  readonly revise: KnownRevise | null
  readonly ids: Set<string>
  there: Moment | null
  readonly began: (Moment & { readonly run: number; readonly process: string; readonly attempt: number })[]
  readonly took: Moment[]
  readonly said: (Moment & { readonly run: number; readonly verdict: Verdict })[]
  readonly nextAsked: Moment[]
  readonly ends: (Moment & { result: string | null })[]
  readonly retries: (Moment & { result: string | null })[]
}

export type KnownCancel = {
  readonly op: number
  readonly request: CancelRequest
  readonly asked: Moment
  answered: (Moment & { readonly outcome: Cancelled }) | null
}

export type Read = Moment & { readonly askedAt: number; readonly receipt: Receipt }

export class Known {
  readonly facts: readonly Fact[]
  readonly events = new Map<string, KnownEvent>()
  readonly effects = new Map<string, KnownEffect>()
  readonly cancels: KnownCancel[] = []
  readonly reads = new Map<string, Read[]>()
  readonly runs = new Map<number, KnownEffect | null>()
  private readonly eventOfId = new Map<string, KnownEvent>()
  private readonly effectOfId = new Map<string, KnownEffect>()

  constructor(facts: readonly Fact[]) {
    this.facts = facts
    for (const [index, fact] of facts.entries()) this.learn({ index, at: fact.at }, fact)
  }

  event(id: string): KnownEvent | undefined {
    return this.eventOfId.get(id)
  }

  effect(id: string): KnownEffect | undefined {
    return this.effectOfId.get(id)
  }

  /** The cancel that made this receipt; null when nobody was told of it as the first. */
  maker(receiptId: string): KnownCancel | null {
    return (
      this.cancels.find(c => c.answered?.outcome.receiptId === receiptId && !c.answered.outcome.replayed) ??
      null
    )
  }

  private learn(now: Moment, fact: Fact): void {
    switch (fact.is) {
      case 'announce asked':
        this.plan(fact.event, { asked: now, announcedBy: null, ids: [fact.eventId] })
        this.ops.set(fact.op, { event: this.events.get(fact.event.title) as KnownEvent })
        return
      case 'announce answered': {
        const event = this.ops.get(fact.op)?.event
        if (!event) return
        event.answered = { ...now, result: fact.result }
        if (fact.result.is === 'announced') {
          event.there ??= now
          for (const [i, id] of fact.result.effectIds.entries())
            this.meet(this.effects.get(event.plan.effects[i]?.title ?? ''), id, now)
        }
        return
      }
      case 'cancel asked': {
        const cancel: KnownCancel = { op: fact.op, request: fact.request, asked: now, answered: null }
        this.cancels.push(cancel)
        this.ops.set(fact.op, { cancel })
        return
      }
      case 'cancel answered': {
        const cancel = this.ops.get(fact.op)?.cancel
        if (cancel && !('refused' in fact.outcome)) cancel.answered = { ...now, outcome: fact.outcome }
        return
      }
      case 'revise asked': {
        const event = this.eventOfId.get(fact.eventId)
        if (!event) return
        const revise: KnownRevise = { asked: now, answered: null, event }
        event.revises.push(revise)
        const effects = fact.effects.map(plan => this.planEffect(plan, event, { from: now, revise }))
        this.ops.set(fact.op, { revise, effects })
        return
      }
      case 'revise answered': {
        const op = this.ops.get(fact.op)
        if (!op?.revise) return
        op.revise.answered = { ...now, result: fact.result }
        for (const [i, id] of fact.effectIds.entries()) this.meet(op.effects?.[i], id, now)
        return
      }
      case 'retry asked':
      case 'end asked': {
        const effect = this.effectOfId.get(fact.effectId)
        if (!effect) return
        const attempt = { ...now, result: null }
        if (fact.is === 'retry asked') effect.retries.push(attempt)
        else effect.ends.push(attempt)
        this.ops.set(fact.op, { attempt })
        return
      }
      case 'retry answered':
      case 'end answered': {
        const attempt = this.ops.get(fact.op)?.attempt
        if (attempt) attempt.result = fact.result
        return
      }
      case 'receipt read': {
        const { receipt, askedAt } = fact
        this.reads.set(receipt.id, [...(this.reads.get(receipt.id) ?? []), { ...now, askedAt, receipt }])
        for (const { id, title } of receipt.events) this.meetEvent(this.events.get(title), id, now)
        for (const { effectId, eventId, title } of receipt.items) {
          const effect = this.effects.get(title)
          this.meetEvent(effect?.event, eventId, now)
          this.meet(effect, effectId, now)
        }
        return
      }
      case 'began': {
        const effect = this.effects.get(fact.title)
        this.runs.set(fact.run, effect ?? null)
        if (!effect) return
        const { run, process, attempt } = fact
        if (fact.eventId !== null) this.meetEvent(effect.event, fact.eventId, now)
        this.meet(effect, fact.effectId, now)
        effect.began.push({ ...now, run, process, attempt })
        return
      }
      case 'said':
        this.runs.get(fact.run)?.said.push({ ...now, run: fact.run, verdict: fact.verdict })
        return
      case 'took effect':
        this.effects.get(fact.title)?.took.push(now)
        return
      case 'next asked':
        this.effects.get(fact.title)?.nextAsked.push(now)
        return
      case 'event read': {
        const event = this.eventOfId.get(fact.eventId)
        if (event) event.read = fact
        return
      }
      case 'effects read': {
        const event = this.eventOfId.get(fact.eventId)
        if (!event) return
        event.standing = fact.effects
        for (const { id, title } of fact.effects) this.meet(this.effects.get(title), id, now)
        return
      }
      default:
    }
  }

  private readonly ops = new Map<
    number,
    {
      readonly event?: KnownEvent
      readonly cancel?: KnownCancel
      readonly revise?: KnownRevise
      readonly effects?: readonly KnownEffect[]
      readonly attempt?: { result: string | null }
    }
  >()

  private plan(
    plan: PlannedEvent,
    of: {
      readonly asked: Moment | null
      readonly announcedBy: KnownEffect | null
      readonly ids: readonly string[]
    },
  ): void {
    const event: KnownEvent = {
      title: plan.title,
      plan,
      asked: of.asked,
      announcedBy: of.announcedBy,
      ids: new Set(of.ids),
      answered: null,
      effects: [],
      there: null,
      revises: [],
      standing: null,
      read: null,
    }
    this.events.set(plan.title, event)
    for (const id of of.ids) this.eventOfId.set(id, event)
    for (const effect of plan.effects)
      this.planEffect(effect, event, { from: of.asked, announcedBy: of.announcedBy })
  }

  private planEffect(
    plan: PlannedEffect,
    event: KnownEvent,
    of: {
      readonly from: Moment | null
      readonly announcedBy?: KnownEffect | null
      readonly revise?: KnownRevise
    },
  ): KnownEffect {
    const effect: KnownEffect = {
      title: plan.title,
      plan,
      event,
      from: of.from,
      announcedBy: of.announcedBy ?? null,
      revise: of.revise ?? null,
      ids: new Set(),
      there: null,
      began: [],
      took: [],
      said: [],
      nextAsked: [],
      ends: [],
      retries: [],
    }
    this.effects.set(plan.title, effect)
    event.effects.push(effect)
    for (const next of plan.next.effects) this.planEffect(next, event, { from: null, announcedBy: effect })
    for (const next of plan.next.events) {
      const parent = { title: event.title, link: next.parent?.link ?? 'cancel' }
      this.plan({ ...next, parent }, { asked: null, announcedBy: effect, ids: [] })
    }
    return effect
  }

  private meet(effect: KnownEffect | undefined, id: string, now: Moment): void {
    if (!effect) return
    effect.ids.add(id)
    effect.there ??= now
    effect.event.there ??= now
    this.effectOfId.set(id, effect)
  }

  private meetEvent(event: KnownEvent | undefined, id: string, now: Moment): void {
    if (!event) return
    event.ids.add(id)
    event.there ??= now
    this.eventOfId.set(id, event)
  }
}

/** How an event hangs below another: with it, kept, or not at all. */
export function hangs(known: Known, event: KnownEvent, below: KnownEvent): 'with' | 'kept' | null {
  let how: 'with' | 'kept' = 'with'
  for (let at: KnownEvent | undefined = event; at; ) {
    if (at === below) return how
    if (at.plan.parent === null) return null
    if (at.plan.parent.link === 'keep') how = 'kept'
    at = known.events.get(at.plan.parent.title)
  }
  return null
}

/** Whether a request names this event. */
export function names({ target }: CancelRequest, event: KnownEvent): boolean {
  if ('eventId' in target) return event.ids.has(target.eventId)
  return event.plan.key === target.key && event.plan.entity === target.entity
}

/** How this effect stands to a request: called off with what it names, kept, or no business of it. */
export function reach(known: Known, request: CancelRequest, effect: KnownEffect): 'with' | 'kept' | null {
  let best: 'with' | 'kept' | null = null
  for (const event of known.events.values()) {
    if (!names(request, event)) continue
    const how = hangs(known, effect.event, event)
    if (how === 'with') best = 'with'
    else best ??= how
  }
  return best === 'with' && effect.plan.link === 'keep' ? 'kept' : best
}

/** Whether a cancel that was answered has surely called this event off. */
export function surelyReaches(known: Known, cancel: KnownCancel, event: KnownEvent): boolean {
  const { answered, request, asked } = cancel
  if (answered === null) return false
  const byId = 'eventId' in request.target
  // A repeat calls nothing off; by id the first one has.
  if (answered.outcome.replayed && !byId) return false
  return [...known.events.values()].some(
    target =>
      names(request, target) &&
      hangs(known, event, target) === 'with' &&
      (byId || (target.there !== null && target.there.index < asked.index)),
  )
}

/** A cancel that has surely called this event off, by an answer before `index`. */
export function surelyCancelled(known: Known, event: KnownEvent, index: number): KnownCancel | null {
  return (
    known.cancels.find(
      cancel =>
        cancel.answered !== null && cancel.answered.index <= index && surelyReaches(known, cancel, event),
    ) ?? null
  )
}

/** Whether any cancel, or any but one, may have reached this event. */
export function maybeCancelled(
  known: Known,
  event: KnownEvent,
  { before = Number.POSITIVE_INFINITY, but = 0 }: { readonly before?: number; readonly but?: number } = {},
): boolean {
  const above = [...known.events.values()].filter(target => hangs(known, event, target) === 'with')
  return known.cancels.some(
    ({ asked, op, request }) =>
      asked.index < before && op !== but && above.some(target => names(request, target)),
  )
}
