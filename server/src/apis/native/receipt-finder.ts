// Finds receipts by the names that callers of the other APIs know: what they cancelled by. Whatever is found is still
// shown only to who may read it (access.ts).

import type { Directory } from '../../auth/directory.ts'
import { activationKey } from '../../automations/activation-key.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import type { Receipt } from '../../core/cancellation.ts'
import type { Principal } from '../../core/principal.ts'
import type { Notifications } from '../../notifications/create-notifications.ts'
import { isOperator } from './access.ts'
import { eventIdOf } from './event-finder.ts'
import type { NativeEngine } from './needs.ts'

export type ReceiptFinderNeeds = {
  readonly engine: Pick<NativeEngine, 'findReceipts'>
  readonly directory: Pick<Directory, 'instances' | 'users'>
  readonly calendar: Pick<Calendar, 'findItem'>
  readonly notifications: Pick<Notifications, 'receiptsOfToken' | 'channelsOf'>
}

export type ReceiptFinder = {
  byTrigger(principal: Principal, triggerKey: string, externalEntityId: string): Promise<readonly Receipt[]>
  byToken(principal: Principal, cancellationToken: string): Promise<readonly Receipt[]>
  /** A GUID of ours, or an event's id as Graph spells it. */
  byEvent(principal: Principal, eventId: string): Promise<readonly Receipt[]>
}

const MOST = 50

export function createReceiptFinder(needs: ReceiptFinderNeeds): ReceiptFinder {
  const { engine, directory, calendar, notifications } = needs
  return {
    async byTrigger(principal, triggerKey, externalEntityId) {
      const found = await Promise.all(
        (await instancesOf(principal)).map(({ appId, id: site }) => {
          const key = activationKey({ appId, site, triggerKey, externalEntityId })
          return engine.findReceipts(principal.tenant, { key, limit: MOST })
        }),
      )
      return latestFirst(found.flat())
    },

    async byToken(principal, token) {
      const found: (readonly Receipt[])[] = []
      for (const { id: agentId, name: agentName, upn } of await agentsOf(principal)) {
        const agent = { tenant: principal.tenant, agentId, agentName, upn }
        for (const { uniqueName: channel } of await notifications.channelsOf(agent)) {
          found.push(await notifications.receiptsOfToken({ agent, channel, token }))
        }
      }
      return latestFirst(found.flat())
    },

    async byEvent(principal, eventId) {
      const { tenant } = principal
      const id = await eventIdOf(calendar, tenant, eventId)
      return id === null ? [] : engine.findReceipts(tenant, { eventId: id, limit: MOST })
    },
  }

  /** Sites that the caller's triggers may live at: its own, or all of the tenant for who looks after it. */
  async function instancesOf(principal: Principal) {
    const instances = await directory.instances(principal.tenant)
    if (isOperator(principal)) return instances
    if (principal.kind !== 'app') return []
    const own = instances.filter(instance => instance.appId === principal.appId)
    return principal.siteInstanceId === null
      ? own
      : own.filter(instance => instance.id === principal.siteInstanceId)
  }

  async function agentsOf(principal: Principal) {
    if (isOperator(principal)) {
      return (await directory.users(principal.tenant)).filter(user => user.roles.includes('agent'))
    }
    return principal.kind === 'person' ? [principal] : []
  }
}

function latestFirst(receipts: readonly Receipt[]): readonly Receipt[] {
  return receipts.toSorted((a, b) => b.cancelledAt.localeCompare(a.cancelledAt)).slice(0, MOST)
}
