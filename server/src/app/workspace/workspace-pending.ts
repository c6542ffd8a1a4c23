// Counts the pending work of what an apply removes or replaces: how many events belong to each app, site, person, trigger or
// automation, and by which names those events are found.

import { NATIVE_EVENT } from '../../apis/native/access.ts'
import type { PeopleChange } from '../../auth/people/apply-people.ts'
import { ACTIVATION_KIND } from '../../automations/activations/activation-key.ts'
import type { AutomationsChange } from '../../automations/apply-workspace.ts'
import { MEETING } from '../../calendar/meeting/create-meeting.ts'
import type { WorkspaceChange } from '../../core/workspace-change.ts'
import { countPending, type Owned, type PendingWork } from '../../engine/lists/pending-work.ts'
import { OFFER_EVENT } from '../../notifications/offer.ts'
import type { Tx } from '../../store/database.ts'
import { workspaceFault } from './faults.ts'

/** `--cancel-pending`, `--keep-pending`. */
export type PendingPolicy = 'cancel' | 'keep'

/** A change as it is shown to whoever applies the file. */
export type ShownChange = WorkspaceChange & {
  /** The pending work that belongs to it; left out where there is none. */
  readonly pending?: PendingWork
}

/** A change as a room reports it. */
export type RoomChange = WorkspaceChange & {
  readonly of?: PeopleChange['of'] | AutomationsChange['of']
}

export type PendingOfTenant = {
  readonly tenant: string
  /** By which names the events are found that belong to what is removed. */
  readonly owned: readonly Owned[]
  readonly all: PendingWork
}

/** The changes with the pending work of each; `gone`: the pending work of all that is removed. */
export async function withPending(
  tx: Tx,
  tenant: string,
  changes: readonly RoomChange[],
): Promise<{ readonly changes: readonly ShownChange[]; readonly gone: PendingOfTenant }> {
  const owned = changes.map(change => eventsOf(change.of))
  const isGone = (index: number) => changes[index]?.is === 'removed'
  const { each, all } = await countPending(tx, tenant, owned, isGone)
  return {
    changes: changes.map(({ of: _, ...change }, i) => shown(change, each[i] as PendingWork)),
    gone: { tenant, owned: owned.filter((_, i) => isGone(i)).flat(), all },
  }
}

function shown(change: Omit<RoomChange, 'of'>, pending: PendingWork): ShownChange {
  if (pending.events === 0) return change
  const much = `${counted(pending.events, 'event')} with ${counted(pending.actions, 'action')} pending`
  const what = change.is === 'removed' ? much : `${much} on an earlier revision, which they keep`
  const detail = change.detail === undefined ? what : `${change.detail}; ${what}`
  return { ...change, detail, pending }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** By which names each room marks its events as belonging to what is removed or replaced. */
function eventsOf(of: RoomChange['of']): readonly Owned[] {
  if (of === undefined) return []
  if ('trigger' in of) return [{ kind: ACTIVATION_KIND, holds: { appId: of.appId, triggerKey: of.trigger } }]
  if ('automation' in of) return [{ kind: ACTIVATION_KIND, holds: { automationId: of.automation } }]
  const { user, group, app, site } = of as NonNullable<PeopleChange['of']>
  return [
    ...(user === undefined
      ? []
      : [
          { kind: NATIVE_EVENT, holds: { announcedBy: `user:${user}` } },
          { kind: OFFER_EVENT, holds: { agentId: user } },
        ]),
    ...[user, group].flatMap(id => (id === undefined ? [] : [{ kind: MEETING, holds: { mailboxId: id } }])),
    ...(app === undefined
      ? []
      : [
          { kind: ACTIVATION_KIND, holds: { appId: app } },
          { kind: NATIVE_EVENT, holds: { announcedBy: `app:${app}` } },
        ]),
    ...(site === undefined ? [] : [{ kind: ACTIVATION_KIND, holds: { site } }]),
  ]
}

/** @throws Fault PENDING_WORK */
export function refusePending(pending: readonly PendingOfTenant[], changes: readonly ShownChange[]): void {
  const sum = (of: keyof PendingWork) => pending.reduce((total, { all }) => total + all[of], 0)
  if (sum('events') === 0) return
  const which = changes
    .filter(change => change.is === 'removed' && change.pending !== undefined)
    .map(({ at, pending }) => `${at} (${pending?.events})`)
  const maxShown = 20
  throw workspaceFault.PENDING_WORK({
    events: sum('events'),
    actions: sum('actions'),
    which: `${which.slice(0, maxShown).join(', ')}${which.length > maxShown ? ` and ${which.length - maxShown} more` : ''}`,
  })
}
