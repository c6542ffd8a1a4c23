// What became of each effect, against what was announced: I4 (who runs is told), I7 (nothing is lost, ids are stable), I8
// (timers).

import { type Add, type Judging, SLACK_MS } from './checker.ts'
import { touchesWorld } from './facts.ts'
import {
  type Known,
  type KnownEffect,
  type KnownEvent,
  maybeCancelled,
  names,
  surelyReaches,
} from './known.ts'

/** A due time is reckoned by the database's clock, which a simulation moves in steps. */
const CLOCK_STEP_MS = 5
const BY_A_CANCEL = new Set(['prevented', 'stopped', 'too_late', 'in_doubt'])

export function judgeEffects(known: Known, judging: Judging, add: Add): void {
  for (const effect of known.effects.values()) {
    judgeIds(effect, add)
    judgeTimer(known, effect, add)
  }
  judgeTold(known, judging, add)
  if (known.facts.some(fact => fact.is === 'over')) {
    for (const event of known.events.values()) judgeEnd(known, event, add)
  }
}

function judgeIds({ title, ids, announcedBy }: KnownEffect, add: Add): void {
  if (ids.size <= 1) return
  const all = [...ids].join(', ')
  if (announcedBy) add('I8', `${title} was announced ${ids.size} times by ${announcedBy.title}: ${all}`)
  else add('I7', `${title} has several ids: ${all}`)
}

function judgeTimer(known: Known, effect: KnownEffect, add: Add): void {
  const from = effect.announcedBy?.nextAsked[0] ?? effect.from
  const first = effect.began[0]
  if (!first || !from) return
  // By as much as a sandbox clock may have been moved on meanwhile.
  const moved = known.facts.reduce(
    (sum, fact) => (fact.is === 'clock asked' && fact.at <= first.at ? sum + fact.byMs : sum),
    0,
  )
  const early = from.at + effect.plan.afterMs - first.at - moved
  if (early > CLOCK_STEP_MS) add('I8', `${effect.title} began ${Math.round(early)} ms before its time`)
}

/** I4: a process that is well tells what it runs within a beat after the cancel was acknowledged. */
function judgeTold(known: Known, { beatMs }: Judging, add: Add): void {
  const troubles = known.facts.filter(
    fact => fact.is === 'fault' || (fact.is === 'process' && fact.now !== 'starts' && fact.now !== 'stops'),
  )
  const stops = known.facts.find(fact => fact.is === 'over')?.at ?? known.facts.at(-1)?.at ?? 0
  const heardAt = new Map<number, number>()
  for (const fact of known.facts) {
    if ((fact.is === 'told to stop' || fact.is === 'said') && !heardAt.has(fact.run))
      heardAt.set(fact.run, fact.at)
  }
  for (const cancel of known.cancels) {
    const { answered } = cancel
    if (answered === null || answered.outcome.replayed) continue
    const until = answered.at + beatMs + SLACK_MS
    if (until > stops) continue
    for (const effect of known.effects.values()) {
      const run = effect.began.find(
        begin => begin.index < answered.index && !((heardAt.get(begin.run) ?? stops + 1) <= until),
      )
      if (!run || effect.plan.link === 'keep' || !surelyReaches(known, cancel, effect.event)) continue
      // A dead or disturbed process tells nobody; what it disturbed before may still be under way.
      const disturbed = troubles.some(
        fact => 'process' in fact && fact.process === run.process && fact.at < until + beatMs,
      )
      if (!disturbed) add('I4', `${effect.title} was never told that it was called off`)
    }
  }
}

/** I7: whatever was acknowledged is there, and has come to an end that its story allows. */
function judgeEnd(known: Known, event: KnownEvent, add: Add): void {
  const { title, answered, standing } = event
  const acknowledged = answered?.result.is === 'announced'
  if (acknowledged && event.read?.here === false) add('I7', `${title} was acknowledged, and is lost`)
  if (standing === null) return
  const found = new Map(standing.map(one => [one.title, one]))
  for (const effect of event.effects) {
    const state = found.get(effect.title)
    // Unanswered, it may have been absorbed; but of its effects there are all or none.
    const announced =
      answered === null ? event.effects.some(one => isFromStart(one) && one.there !== null) : acknowledged
    const expected = isFromStart(effect) ? announced : mustExist(known, effect, found)
    if (state === undefined) {
      if (expected) add('I7', `${effect.title} is lost`)
      continue
    }
    if (state.state !== 'ended') {
      add('I7', `${effect.title} never ends: it is ${state.state}, attempt ${state.attempt}`)
      continue
    }
    judgeEnding(known, effect, state.ending ?? '', add)
  }
}

function isFromStart(effect: KnownEffect): boolean {
  return effect.announcedBy === null && effect.revise === null
}

/** What a revise has announced, or what was to come of an effect that has ended by itself. */
function mustExist(
  known: Known,
  effect: KnownEffect,
  found: ReadonlyMap<string, { readonly ending: string | null }>,
) {
  if (effect.revise) return effect.revise.answered?.result === 'revised'
  const ending = found.get(effect.announcedBy?.title ?? '')?.ending ?? ''
  return ['done', 'skipped', 'dead'].includes(ending) && !maybeCancelled(known, effect.event)
}

function judgeEnding(known: Known, effect: KnownEffect, ending: string, add: Add): void {
  const { title, event, plan, took, ends } = effect
  if (ending === 'done' && touchesWorld(plan.kind)) {
    const happened = took.length > 0 || ends.some(end => end.result !== 'gone')
    if (!happened) add('I7', `${title} is done, and never took effect`)
  }
  if (ending === 'superseded' && event.revises.length === 0)
    add('I7', `${title} is superseded, and nobody revised`)
  if (BY_A_CANCEL.has(ending) && !maybeCancelled(known, event))
    add('I7', `${title} is ${ending}, and nobody called it off`)
  if (ending === 'done' && plan.kind === 'delay' && plan.next.events.length > 0)
    judgeChildren(known, effect, add)
}

/** Events that were to be announced by an effect are there, unless somebody called it off, be it before they came (I6). */
function judgeChildren(known: Known, effect: KnownEffect, add: Add): void {
  if (maybeCancelled(known, effect.event)) return
  for (const { title } of effect.plan.next.events) {
    const child = known.events.get(title)
    if (child?.there === null && !known.cancels.some(({ request }) => request.early && names(request, child)))
      add('I7', `${title} was to be announced by ${effect.title}, and is lost`)
  }
}
