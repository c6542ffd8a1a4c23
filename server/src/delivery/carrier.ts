// The shape in which delivery hands its carriers to compose. The engine's own `Carrier` (engine/hooks.ts) is the contract;
// delivery may not import the engine, so it is said again here, and a test holds the two together.

import type { NewEffect, StartedEffect, Verdict } from '../core/effect.ts'
import type { JsonObject } from '../core/json.ts'
import type { RetryPlan } from '../core/retry-plan.ts'

export type Carrier = {
  readonly kind: string
  readonly slots: number
  readonly maxAttempts: number
  readonly retryPlan?: RetryPlan
  readonly touchesWorld?: boolean
  run(effect: StartedEffect, signal: AbortSignal): Promise<Verdict>
  withdraw?(effect: {
    readonly id: string
    readonly tenant: string
    readonly data: JsonObject
    readonly title: string
  }): NewEffect | null
}
