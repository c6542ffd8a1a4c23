// The domain of native events. It has no hooks, since it has no notices and no follow-up effects. Its one effect kind is a timer.

import type { Carrier } from '../../core/effects/carrier.ts'
import { describeCarrier, NATIVE_DELAY } from '../../core/effects/effect-kinds.ts'
import type { Domain } from '../../engine/domain.ts'
import { NATIVE_EVENT } from './access.ts'

export const nativeDomain: Domain = { eventKind: NATIVE_EVENT }

/** `native.delay`: it falls due and does nothing else. It ends as soon as it starts, so there is nothing to abort. */
export const delayCarrier: Carrier = {
  ...describeCarrier(NATIVE_DELAY),
  slots: 100,
  async run(effect) {
    return { is: 'done', evidence: { dueAt: effect.dueAt.toISOString() } }
  },
}
