// The native event: a domain without hooks (it owes nothing and begets nothing), and its one effect of its own, a timer.

import type { Carrier } from '../../../core/effects/carrier.ts'
import { DATABASE_ATTEMPTS } from '../../../core/effects/effect.ts'
import type { Domain } from '../../../engine/domain.ts'
import { NATIVE_EVENT } from '../access.ts'

export const nativeDomain: Domain = { eventKind: NATIVE_EVENT }

/** `native.delay`: falls due, and that is all. Nothing can abort it: starting it is ending it. */
export const delayCarrier: Carrier = {
  kind: 'native.delay',
  slots: 100,
  maxAttempts: DATABASE_ATTEMPTS,
  touchesWorld: false,
  async run(effect) {
    return { is: 'done', evidence: { dueAt: effect.dueAt.toISOString() } }
  },
}
