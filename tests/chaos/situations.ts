// Situations that a history came into, told from its facts. A run of many histories has to meet all of them: a script or a
// fault plan that was made tamer by mistake is noticed by what is missing. Those that an engine of ours once failed in say so.

import type { Fact } from './judge/facts.ts'
import { Known, type KnownEffect } from './judge/known.ts'

const MEETS = {
  /** Once failed: who ran was not told. */
  'called off between the act of its receiver and the answer': known =>
    effects(known).some(effect => effect.began.some(begin => isToldAfterTheAct(known, effect, begin.run))),
  /** Once failed: a receipt called it dead, and said nothing of the doubt. */
  'dead in doubt in a receipt': known =>
    items(known).some(i => i.outcome === 'in_doubt' && i.ending === 'dead'),
  /** Once failed: retried by hand, then without effect, it was called prevented. */
  'retried by hand, then called off': known =>
    effects(known).some(
      effect =>
        effect.retries.some(retry => retry.result === 'retried') &&
        items(known).some(i => i.title === effect.title && i.outcome !== 'already_ended'),
    ),
  'a kept effect in a receipt': known => items(known).some(i => i.outcome === 'kept'),
  'stopped by its own process': known => items(known).some(i => i.outcome === 'stopped'),
  'too late in a receipt': known => items(known).some(i => i.outcome === 'too_late'),
  'called off before': known => items(known).some(i => i.outcome === 'already_cancelled'),
  'a huge cancel': known =>
    [...known.reads.values()].some(reads => reads.some(({ receipt }) => receipt.state === 'counting')),
  'the same request twice': known => known.cancels.some(cancel => cancel.answered?.outcome.replayed),
  'an early cancellation that was met': known =>
    [...known.events.values()].some(event => event.answered?.result.is === 'absorbed'),
  'run by one process after another': known =>
    effects(known).some(effect => new Set(effect.began.map(({ process }) => process)).size > 1),
  'a step that was announced': known =>
    effects(known).some(effect => effect.announcedBy !== null && effect.there !== null),
  'the answer of a statement lost': known => hasFault(known, 'answer lost'),
  'a statement that arrives after its connection broke': known => hasFault(known, 'request late'),
  'a database that was away': known => hasFault(known, 'the database is away'),
  'a frozen process': known => known.facts.some(fact => fact.is === 'process' && fact.now === 'freezes'),
  'a killed process': known => known.facts.some(fact => fact.is === 'process' && fact.now === 'dies'),
  'a sandbox clock that was moved': known => known.facts.some(fact => fact.is === 'clock answered'),
} as const satisfies Readonly<Record<string, (known: Known) => boolean>>

export type Situation = keyof typeof MEETS

export const SITUATIONS = Object.keys(MEETS) as readonly Situation[]

export function situationsIn(facts: readonly Fact[]): readonly Situation[] {
  const known = new Known(facts)
  return SITUATIONS.filter(situation => MEETS[situation](known))
}

function isToldAfterTheAct(known: Known, effect: KnownEffect, run: number): boolean {
  const begun = effect.began.find(begin => begin.run === run)?.index ?? 0
  const told = known.facts.findIndex(fact => fact.is === 'told to stop' && fact.run === run)
  return effect.took.some(({ index }) => begun < index && index < told)
}

function effects(known: Known): readonly KnownEffect[] {
  return [...known.effects.values()]
}

function items(known: Known) {
  return [...known.reads.values()].flatMap(reads => reads.at(-1)?.receipt.items ?? [])
}

function hasFault(known: Known, what: string): boolean {
  return known.facts.some(fact => fact.is === 'fault' && fact.what.endsWith(what))
}
