// An app calls off every activation that shares (app, site, trigger key, external entity id). Activations that
// are reported afterwards are not affected: a cancel is not a tombstone.

import type { Cancelled } from '../../core/cancellation.ts'
import { fault } from '../faults.ts'
import type { CallingApp, Needs } from '../needs.ts'
import { ACTIVATION_KIND, activationKey } from './activation-key.ts'
import type { TriggerLookup } from './trigger-lookup.ts'

export type CancelEventsRequest = {
  readonly app: CallingApp
  readonly triggerKey: string
  /** GUIDs, in upper or lower case. A GUID that is there twice is cancelled once. */
  readonly externalEntityIds: readonly string[]
  /** The caller's Idempotency-Key (I5). */
  readonly requestKey: string | null
}

/** The result for one id, in the order of the request. An Error means that this one failed; it says nothing about the others. */
export type CancelResult = Cancelled | Error
export type CancelEvents = (request: CancelEventsRequest) => Promise<readonly CancelResult[]>

/** Throws PERMISSION_DENIED (403) for a trigger key that the app does not have. */
export function cancelEvents({
  engine,
  triggers,
}: Needs & { readonly triggers: TriggerLookup }): CancelEvents {
  return async ({ app, triggerKey, externalEntityIds, requestKey }) => {
    const trigger = await triggers.find({ tenant: app.tenant, appId: app.appId, triggerKey })
    if (!trigger) throw fault.PERMISSION_DENIED()
    const entities = [...new Set(externalEntityIds.map(id => id.toLowerCase()))]
    const results = await Promise.all(
      entities.map(async (entity): Promise<readonly [string, CancelResult]> => {
        try {
          return [entity, await cancelPair(entity)]
        } catch (error) {
          return [entity, error instanceof Error ? error : new Error('the cancel failed', { cause: error })]
        }
      }),
    )
    const byEntity = new Map(results)
    return externalEntityIds.map(id => byEntity.get(id.toLowerCase())!)

    async function cancelPair(entity: string): Promise<CancelResult> {
      const { tenant, appId, site, principal, name } = app
      const outcome = await engine.cancel({
        tenant,
        target: {
          kind: ACTIVATION_KIND,
          key: activationKey({ appId, site, triggerKey, externalEntityId: entity }),
          entity,
        },
        by: { principal, api: 'wix', name },
        // Each pair is a cancel of its own, also in a bulk request, so each needs a request key of its own.
        requestKey: requestKey === null ? null : `${requestKey} ${triggerKey} ${entity}`,
        early: null,
      })
      // The request key contains the target, and the target is named by key, so neither refusal is possible.
      if ('refused' in outcome) throw new Error(`the cancel was refused: ${outcome.refused}`)
      return outcome
    }
  }
}
