// The automations room, put together: what compose calls.

import type { Carrier } from '../core/effects/carrier.ts'
import { DATABASE_ATTEMPTS } from '../core/effects/effect.ts'
import type { Queue } from '../engine/batcher.ts'
import type { Domain } from '../engine/domain.ts'
import { DELAY_KIND } from './actions/action-effect.ts'
import { activationDomain } from './activations/announce-next-step.ts'
import { type CancelEvents, cancelEvents } from './activations/cancel-events.ts'
import { ProgramCache } from './activations/program-cache.ts'
import { type ReportEvents, reportEvents } from './activations/report-events.ts'
import { Triggers } from './activations/trigger-lookup.ts'
import { type ApplyWorkspace, applyWorkspace } from './apply-workspace.ts'
import type { Needs } from './needs.ts'

export type Automations = {
  /** One event or many: the single call of the API is a list of one. */
  readonly report: ReportEvents
  readonly cancel: CancelEvents
  /** How full what callers wait in is, by what it is for. */
  readonly queues: () => { readonly report: Queue; readonly trigger: Queue }
  readonly applyWorkspace: ApplyWorkspace
  readonly domain: Domain
  readonly carriers: readonly Carrier[]
}

export function createAutomations(needs: Needs): Automations {
  const programs = new ProgramCache()
  const parts = { ...needs, triggers: new Triggers(needs.db, needs.maxQueue), programs }
  const { report, queue } = reportEvents(parts)
  return {
    report,
    queues: () => ({ report: queue(), trigger: parts.triggers.queue }),
    cancel: cancelEvents(parts),
    applyWorkspace: applyWorkspace(needs),
    domain: activationDomain(programs),
    carriers: [delayCarrier],
  }
}

/** A delay is over as soon as it falls due: the waiting was the work. */
const delayCarrier: Carrier = {
  kind: DELAY_KIND,
  slots: 1000,
  maxAttempts: DATABASE_ATTEMPTS,
  touchesWorld: false,
  run: async () => ({ is: 'done' }),
}
