// Finds the engine's names for the name in a request. A key may be a key of the caller's own app; for an operator also of people, and of
// every app that the tenant has or had. A trigger's pair may belong to every site, a notification's token to every agent. The engine is
// not called here: the callers of this file look these names up there.

import type { Directory, RemovedInstance } from '../../auth/directory/directory.ts'
import { ACTIVATION_KIND, activationKey } from '../../automations/activations/activation-key.ts'
import type { CancelTarget } from '../../core/cancellation.ts'
import { isGuid } from '../../core/ids.ts'
import type { Principal } from '../../core/principal.ts'
import type { Notifications } from '../../notifications/notifications.ts'
import { tokenTarget } from '../../notifications/offer.ts'
import { isOperator, keyOfOwner, NATIVE_EVENT, ownerOf, requireAnnouncer, requireOperator } from './access.ts'
import { nativeFault } from './faults.ts'

/** Stands for people in a field that names an app. */
export const PEOPLE = 'people'

/** How many names one request may stand for: each of them is looked up. */
export const MAX_NAMES = 20_000

export type KeyTarget = Extract<CancelTarget, { readonly key: string }>

/** One of the names that a request may stand for, and its owner, in words for people. */
export type Name = {
  readonly target: KeyTarget
  /** The app's name, or its id when its name is not known; null for a key of people, and for a token. */
  readonly app: string | null
  readonly site: string | null
  /** userPrincipalName, or the id of an agent who was removed. */
  readonly agent: string | null
  readonly channel: string | null
}

export type ByKey = { readonly key: string; readonly entity?: string; readonly app?: string }
export type ByTrigger = {
  readonly triggerKey: string
  readonly externalEntityId: string
  readonly app?: string
}
export type ByToken = { readonly cancellationToken: string; readonly agent?: string }

export type NameFinderNeeds = {
  readonly directory: Pick<Directory, 'removedApps' | 'removedInstances' | 'users' | 'user'> & {
    apps(tenant: string): Promise<readonly App[]>
    instances(tenant: string): Promise<readonly RemovedInstance[]>
  }
  readonly notifications: Pick<Notifications, 'tokenHolders'>
}

export type NameFinder = {
  /** @throws Fault FORBIDDEN, NOT_FOUND for an unknown app, TOO_MANY_NAMES */
  byKey(principal: Principal, by: ByKey): Promise<readonly Name[]>
  /** For who looks after the tenant. @throws Fault as above */
  byTrigger(principal: Principal, by: ByTrigger): Promise<readonly Name[]>
  /** For who looks after the tenant. @throws Fault as above */
  byToken(principal: Principal, by: ByToken): Promise<readonly Name[]>
}

type App = { readonly id: string; readonly name: string }

export function createNameFinder({ directory, notifications }: NameFinderNeeds): NameFinder {
  return {
    async byKey(principal, { key, entity = key, app }) {
      requireAnnouncer(principal)
      const own = ownerOf(principal)
      const name = (appId: string | null, appName: string | null): Name => ({
        target: { key: keyOfOwner(appId, key), entity, kind: NATIVE_EVENT },
        app: appName,
        ...NOBODY,
      })
      // An app means its own keys, and need not name itself.
      if (own !== null && (app === undefined || isCalled({ id: own, name: principal.name }, app)))
        return [name(own, principal.name)]
      requireOperator(principal)
      if (app === PEOPLE) return [name(null, null)]
      const apps = await appsOf(principal.tenant, app)
      const names = apps.map(each => name(each.id, each.name))
      return few(app === undefined ? [name(null, null), ...names] : names, 'app')
    },

    async byTrigger(principal, { triggerKey, externalEntityId, app }) {
      requireOperator(principal)
      const { tenant } = principal
      const apps = new Map((await appsOf(tenant, app)).map(each => [each.id, each.name]))
      const [present, removed] = await Promise.all([
        directory.instances(tenant),
        directory.removedInstances(tenant),
      ])
      const entity = externalEntityId.toLowerCase()
      const names = [...present, ...removed].flatMap(({ appId, id: site, name }): Name[] => {
        const appName = apps.get(appId)
        if (appName === undefined) return []
        const key = activationKey({ appId, site, triggerKey, externalEntityId: entity })
        return [{ target: { key, entity, kind: ACTIVATION_KIND }, app: appName, ...NOBODY, site: name }]
      })
      return few(names, 'app')
    },

    async byToken(principal, { cancellationToken, agent }) {
      requireOperator(principal)
      const { tenant } = principal
      const one = agent === undefined ? null : await agentCalled(tenant, agent)
      const people = new Map((await directory.users(tenant)).map(user => [user.id, user]))
      const agents = [...people.values()].filter(user => user.roles.includes('agent')).map(user => user.id)
      const holders = await notifications.tokenHolders(tenant, { agents, limit: MAX_NAMES + 1 })
      const names = holders
        .filter(({ agentId }) => one === null || agentId === one)
        .map(
          ({ agentId, channel }): Name => ({
            target: tokenTarget(channel, agentId, cancellationToken) as KeyTarget,
            ...NOBODY,
            app: null,
            agent: people.get(agentId)?.upn ?? agentId,
            channel,
          }),
        )
      return few(names, 'agent')
    },
  }

  /** The present and the removed apps that match `called`, a name or an id. A removed app and a present one may have the same name. */
  async function appsOf(tenant: string, called: string | undefined): Promise<readonly App[]> {
    const [present, removed] = await Promise.all([directory.apps(tenant), directory.removedApps(tenant)])
    const all = [...present, ...removed]
    if (called === undefined) return all
    const apps = all.filter(app => isCalled(app, called))
    if (apps.length === 0) throw nativeFault.NOT_FOUND({ what: 'app', id: called })
    return apps
  }

  async function agentCalled(tenant: string, called: string): Promise<string> {
    const user = await directory.user(tenant, called)
    // A removed agent is known by the id only.
    if (!user && !isGuid(called)) throw nativeFault.NOT_FOUND({ what: 'agent', id: called })
    return user?.id ?? called.toLowerCase()
  }
}

const NOBODY = { site: null, agent: null, channel: null } as const

function isCalled(app: App, called: string): boolean {
  return app.id === called.toLowerCase() || app.name === called
}

function few(names: readonly Name[], by: 'app' | 'agent'): readonly Name[] {
  if (names.length > MAX_NAMES) throw nativeFault.TOO_MANY_NAMES({ most: MAX_NAMES, by })
  return names
}

/** True for an operator who names no app: the key of every app, and of people, is meant. */
export function meansEverybody(principal: Principal, by: { readonly app?: string }): boolean {
  return by.app === undefined && ownerOf(principal) === null && isOperator(principal)
}
