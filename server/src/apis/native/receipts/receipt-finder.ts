// Finds receipts by the names that callers cancelled by. The routes still check who may read each receipt (access.ts).

import type { Directory } from '../../../auth/directory/directory.ts'
import { activationKey } from '../../../automations/activations/activation-key.ts'
import type { Receipt } from '../../../core/cancellation.ts'
import type { Principal } from '../../../core/principal.ts'
import type { Notifications } from '../../../notifications/notifications.ts'
import { tokenKey } from '../../../notifications/offer.ts'
import { isOperator, keyOf } from '../access.ts'
import type { EventFinder } from '../events/event-finder.ts'
import type { ByKey, NameFinder } from '../name-finder.ts'
import type { NativeEngine } from '../native-engine.ts'

export type ReceiptFinderNeeds = {
  readonly engine: Pick<NativeEngine, 'findReceipts'>
  readonly directory: Pick<Directory, 'instances'>
  readonly notifications: Pick<Notifications, 'channelsOf'>
  readonly names: NameFinder
  readonly events: Pick<EventFinder, 'idOf'>
}

export type ReceiptFinder = {
  byKey(principal: Principal, by: ByKey): Promise<readonly Receipt[]>
  byTrigger(principal: Principal, triggerKey: string, externalEntityId: string): Promise<readonly Receipt[]>
  byToken(principal: Principal, cancellationToken: string): Promise<readonly Receipt[]>
  /** By a GUID of ours, or by an event's id as Graph spells it. */
  byEvent(principal: Principal, eventId: string): Promise<readonly Receipt[]>
}

const MOST = 50

export function createReceiptFinder(needs: ReceiptFinderNeeds): ReceiptFinder {
  const { engine, directory, notifications, names, events } = needs
  return {
    async byKey(principal, by) {
      // names.byKey checks that a caller who names an app is that app or an operator.
      const mayHaveOwners = isOperator(principal) || by.app !== undefined
      const keys = mayHaveOwners
        ? (await names.byKey(principal, by)).map(name => name.target.key)
        : [keyOf(principal, by.key)]
      return byKeys(principal, keys)
    },

    async byTrigger(principal, triggerKey, externalEntityId) {
      if (isOperator(principal)) {
        const found = await names.byTrigger(principal, { triggerKey, externalEntityId })
        return byKeys(
          principal,
          found.map(name => name.target.key),
        )
      }
      const sites = await ownInstances(principal)
      return byKeys(
        principal,
        sites.map(({ appId, id: site }) => activationKey({ appId, site, triggerKey, externalEntityId })),
      )
    },

    async byToken(principal, token) {
      if (isOperator(principal)) {
        const found = await names.byToken(principal, { cancellationToken: token })
        return byKeys(
          principal,
          found.map(name => name.target.key),
        )
      }
      if (principal.kind !== 'person') return []
      const { tenant, id: agentId, name: agentName, upn } = principal
      const channels = await notifications.channelsOf({ tenant, agentId, agentName, upn })
      return byKeys(
        principal,
        channels.map(channel => tokenKey(channel.uniqueName, agentId, token)),
      )
    },

    async byEvent({ tenant }, spelled) {
      const eventId = await events.idOf(tenant, spelled)
      return eventId === null ? [] : engine.findReceipts(tenant, { eventId, limit: MOST })
    },
  }

  async function byKeys({ tenant }: Principal, keys: readonly string[]): Promise<readonly Receipt[]> {
    return keys.length === 0 ? [] : engine.findReceipts(tenant, { keys, limit: MOST })
  }

  /** The sites of an app, at which its triggers are reported. */
  async function ownInstances(principal: Principal) {
    if (principal.kind !== 'app') return []
    const own = (await directory.instances(principal.tenant)).filter(
      instance => instance.appId === principal.appId,
    )
    return principal.siteInstanceId === null
      ? own
      : own.filter(instance => instance.id === principal.siteInstanceId)
  }
}
