// What a history hands to an engine, and what it keeps of what an engine says. Pure.

import type { CancelRequest } from '../../server/src/core/cancellation.ts'
import type { StartedEffect } from '../../server/src/core/effects/effect.ts'
import type { Engine } from '../../server/src/engine/engine.ts'
import { TENANT } from './world.ts'

export function answerTo(offer: StartedEffect) {
  // An engine that fences by starts wants to know which one the screen was shown.
  return { ...offer, tenant: TENANT, effectId: offer.id, verdict: { is: 'done' } as const }
}

export function standingOf(effect: Awaited<ReturnType<Engine['effectsOf']>>[number]) {
  const { id, title, state, ending, cancellationId, attempt } = effect
  return { id, title, state, ending, cancellationId, attempt }
}

export function requestBy(name: string, target: CancelRequest['target']): CancelRequest {
  return { tenant: TENANT, target, by: { principal: `app:${name}`, api: 'native', name } }
}
