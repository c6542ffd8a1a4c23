// What of a workspace is still under way when the file leaves it out: how much hangs from each app, site, person, trigger or automation
// that goes, and by which names its events are found.

import { NATIVE_EVENT } from '../../apis/native/access.ts'
import { ACTIVATION_KIND } from '../../automations/activations/activation-key.ts'
import type { WorkspaceChange as AutomationsChange } from '../../automations/apply-workspace.ts'
import { MEETING } from '../../calendar/meeting/create-meeting.ts'
import { faults } from '../../core/fault.ts'
import { countPending, type Owned, type PendingWork } from '../../engine/lists/pending-work.ts'
import { OFFER_EVENT } from '../../notifications/offer.ts'
import type { Tx } from '../../store/database.ts'

/** `--cancel-pending`, `--keep-pending`. */
export type PendingPolicy = 'cancel' | 'keep'

export type ShownChange = {
  readonly is: 'added' | 'changed' | 'removed'
  readonly at: string
  readonly detail?: string
  /** What is under way of it; left out where nothing is. */
  readonly pending?: PendingWork
}

/** As the rooms say it: auth of people and apps, automations of theirs. */
export type RoomChange = Omit<ShownChange, 'pending'> & {
  readonly of?: PeopleGone | AutomationsChange['of']
}
type PeopleGone = { readonly [what in 'user' | 'group' | 'app' | 'site']?: string }

export type PendingOfTenant = {
  readonly tenant: string
  /** Events of what goes. */
  readonly owned: readonly Owned[]
  readonly all: PendingWork
}

export const pendingFault = faults({
  PENDING_WORK: {
    status: 409,
    message:
      'What goes still has {events} events with {actions} actions pending: {which}.\nCall them off with receipts (--cancel-pending; `"pending": "cancel"`), or let them happen (--keep-pending; `"pending": "keep"`): an operator can still cancel each by its id.',
  },
})

/** The changes with what is under way of each, and what of it belongs to something that goes. */
export async function withPending(
  tx: Tx,
  tenant: string,
  changes: readonly RoomChange[],
): Promise<{ readonly changes: readonly ShownChange[]; readonly gone: PendingOfTenant }> {
  const owned = changes.map(change => ownedBy(change.of))
  const isGone = (place: number) => changes[place]?.is === 'removed'
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

/** How each room marks its events with who they belong to. */
function ownedBy(of: RoomChange['of']): readonly Owned[] {
  if (of === undefined) return []
  if ('trigger' in of) return [{ kind: ACTIVATION_KIND, holds: { appId: of.appId, triggerKey: of.trigger } }]
  if ('automation' in of) return [{ kind: ACTIVATION_KIND, holds: { automationId: of.automation } }]
  const { user, group, app, site } = of as PeopleGone
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
  const most = 20
  throw pendingFault.PENDING_WORK({
    events: sum('events'),
    actions: sum('actions'),
    which: `${which.slice(0, most).join(', ')}${which.length > most ? ` and ${which.length - most} more` : ''}`,
  })
}
