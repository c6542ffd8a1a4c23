// The face of the automations room, put together here for compose: triggers, automations, and the activations
// that reported events make. This room must not know the paths and shapes of Wix's API, and it must not send
// anything itself: each step of an activation is an effect of the engine.

import type { Carrier } from '../core/effects/carrier.ts'
import { AUTOMATIONS_DELAY, describeCarrier } from '../core/effects/effect-kinds.ts'
import type { Queue } from '../engine/batcher.ts'
import type { Domain } from '../engine/domain.ts'
import { activationDomain } from './activation-domain.ts'
import { type CancelEvents, cancelEvents } from './activations/cancel-events.ts'
import { ProgramCache } from './activations/program-cache.ts'
import { type ReportEvents, reportEvents } from './activations/report-events.ts'
import { TriggerLookup } from './activations/trigger-lookup.ts'
import { type ApplyWorkspace, applyWorkspace } from './apply-workspace.ts'
import type { Needs } from './needs.ts'

export type Automations = {
  /** One event or many: the single call of the API is a list of one. */
  readonly report: ReportEvents
  readonly cancel: CancelEvents
  /** How full the queues are in which callers wait. */
  readonly queues: () => { readonly report: Queue; readonly trigger: Queue }
  readonly applyWorkspace: ApplyWorkspace
  readonly domain: Domain
  readonly carriers: readonly Carrier[]
}

export function createAutomations(needs: Needs): Automations {
  const programs = new ProgramCache()
  const parts = { ...needs, triggers: new TriggerLookup(needs.db, needs.maxQueue), programs }
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

/** A delay is done as soon as it falls due. It has nothing else to do. */
const delayCarrier: Carrier = {
  ...describeCarrier(AUTOMATIONS_DELAY),
  slots: 1000,
  run: async () => ({ is: 'done' }),
}
