// The workspace file, applied: each room makes its own section true, all in one transaction, or none.

import { isDeepStrictEqual } from 'node:util'
import { applyFault, applyPeople } from './auth/apply-people.ts'
import type { Auth } from './auth/auth.ts'
import { isServerOperator } from './auth/principals.ts'
import { parseWorkspace, type TenantSection, type Variables } from './auth/workspace-file.ts'
import type { Automations } from './automations/create-automations.ts'
import type { Calendar } from './calendar/calendar.ts'
import type { Caller, CancelOutcome } from './core/cancellation.ts'
import { Fault } from './core/fault.ts'
import type { Random } from './core/ids.ts'
import { type Principal, principalKey } from './core/principal.ts'
import type { Engine } from './engine/engine.ts'
import type { Notifications } from './notifications/create-notifications.ts'
import { type NotificationWorkspace, readNotificationWorkspace } from './notifications/workspace.ts'
import type { Database, Tx } from './store/database.ts'
import {
  type PendingOfTenant,
  type PendingPolicy,
  type RoomChange,
  refusePending,
  type ShownChange,
  withPending,
} from './workspace-pending.ts'
import { compareRetryPlans, retriesAround, retryPlansOf } from './workspace-retries.ts'

/** Events that one call takes off. */
const MOST_CANCELLED = 1000
/** Cancels under way at once. */
const CANCELS_AT_ONCE = 100
/** What is announced while others are called off is called off too, so many times. */
const ROUNDS = 3

export type WorkspaceApplyNeeds = {
  readonly db: Database
  readonly engine: Engine
  readonly auth: Auth
  readonly calendar: Calendar
  readonly automations: Automations
  readonly notifications: Notifications
  readonly random: Random
  /** Fills `${PUBLIC_URL}` and the like in the file. */
  readonly variables: () => Variables
}

export type ApplyOptions = {
  /** false: says what would change, and changes nothing. */
  readonly apply: boolean
  /** Removes what the file leaves out, instead of refusing it. */
  readonly prune?: boolean
  /** What is to become of the work of what goes; left out: where there is any, the file is refused. */
  readonly pending?: PendingPolicy
  /** Marks the tenants as the demo's. */
  readonly demo?: boolean
  readonly variables?: Variables
  /** Only this tenant, and none of its own settings: for its admin. */
  readonly onlyTenant?: string
}

export type WorkspaceApply = {
  /** @throws Fault INVALID_WORKSPACE, WOULD_ORPHAN, ID_CHANGED, TAKEN, TENANT_SETTINGS, PENDING_WORK */
  apply(text: string, options: ApplyOptions & { readonly pending?: 'keep' }): Promise<readonly ShownChange[]>
  /** With the rights of who asks. */
  forPrincipal(
    principal: Principal,
    text: string,
    options: Pick<ApplyOptions, 'apply' | 'prune' | 'pending'>,
  ): Promise<WorkspaceOutcome>
}

export type WorkspaceOutcome = {
  /** False with `apply`: more has to be called off first than one call takes on; ask again. */
  readonly applied: boolean
  readonly changes: readonly ShownChange[]
  /** Of what was called off. */
  readonly cancelled: readonly CancelOutcome[]
}

/** Nothing was applied: this is to be called off first. */
class WorkPending extends Error {
  override readonly name = 'WorkPending'
  readonly changes: readonly ShownChange[]
  readonly pending: readonly PendingOfTenant[]
  constructor(changes: readonly ShownChange[], pending: readonly PendingOfTenant[]) {
    super('work is pending')
    this.changes = changes
    this.pending = pending
  }
}

export function createWorkspaceApply(needs: WorkspaceApplyNeeds): WorkspaceApply {
  const { db, calendar } = needs

  async function apply(text: string, options: ApplyOptions): Promise<readonly ShownChange[]> {
    const { tenants } = parseWorkspace(text, { ...needs.variables(), ...options.variables })
    const { onlyTenant } = options
    const foreign = tenants.filter(tenant => onlyTenant !== undefined && tenant.id !== onlyTenant)
    if (foreign.length > 0) {
      throw applyFault.TENANT_SETTINGS({
        tenant: foreign[0]!.id,
        names: foreign.map(tenant => tenant.id).join(', '),
      })
    }
    const changes = await db.transaction('workspace.apply', async tx => {
      const ofEach: (readonly ShownChange[])[] = []
      const pending: PendingOfTenant[] = []
      for (const section of tenants) {
        const found = await applyTenant(needs, tx, section, options)
        const { changes, gone } = await withPending(tx, section.id, found)
        ofEach.push(changes)
        if (gone.all.events > 0) pending.push(gone)
      }
      // Last: the file is right, and everything else about it was accepted.
      const all = ofEach.flat()
      if (options.apply && pending.length > 0 && options.pending === 'cancel')
        throw new WorkPending(all, pending)
      if (options.apply && options.pending !== 'keep') refusePending(pending, all)
      return all
    })
    // A mailbox that is missing is made when it is first needed: nothing is lost should this not be reached.
    if (options.apply) {
      for (const { id, calendars = [] } of tenants) {
        const declared = calendars.map(({ user, calendarGroups = [] }) => ({ user, calendarGroups }))
        await calendar.provision(id, declared)
      }
    }
    return changes
  }

  /**
   * What is pending is called off first, and the file applied then: a crash in between leaves nothing that nobody can call off. What is
   * announced meanwhile is called off in the next round.
   */
  async function applyCancelling(text: string, options: ApplyOptions, by: Caller): Promise<WorkspaceOutcome> {
    const cancelled: CancelOutcome[] = []
    for (let round = 1; ; round++) {
      try {
        return { applied: options.apply, changes: await apply(text, options), cancelled }
      } catch (error) {
        if (!(error instanceof WorkPending)) throw error
        const { changes, pending } = error
        if (round > ROUNDS || cancelled.length >= MOST_CANCELLED)
          return { applied: false, changes, cancelled }
        for (const { tenant, owned } of pending) {
          const events = await needs.engine.pendingEvents(tenant, owned, MOST_CANCELLED - cancelled.length)
          for (const outcome of await cancelEvents(tenant, events, by)) cancelled.push(outcome)
        }
      }
    }
  }

  async function cancelEvents(
    tenant: string,
    events: readonly string[],
    by: Caller,
  ): Promise<readonly CancelOutcome[]> {
    const outcomes: CancelOutcome[] = []
    const reason = 'It was removed from the workspace.'
    for (let from = 0; from < events.length; from += CANCELS_AT_ONCE) {
      const some = events.slice(from, from + CANCELS_AT_ONCE)
      const requests = some.map(eventId => ({ tenant, target: { eventId }, by, reason }))
      const done = await Promise.all(requests.map(request => needs.engine.cancel(request)))
      for (const outcome of done) outcomes.push(outcome)
    }
    return outcomes
  }

  return {
    apply,
    async forPrincipal(principal, text, options) {
      const onlyTenant = isServerOperator(principal) ? undefined : principal.tenant
      const by = { principal: principalKey(principal), api: 'native', name: principal.name } as const
      return await applyCancelling(text, { ...options, onlyTenant }, by)
    },
  }
}

async function applyTenant(
  needs: WorkspaceApplyNeeds,
  tx: Tx,
  section: TenantSection,
  options: ApplyOptions,
): Promise<readonly RoomChange[]> {
  const { auth, automations, notifications, engine, random } = needs
  const { apply } = options
  const people = await applyPeople(
    tx,
    {
      section,
      apply,
      prune: options.prune ?? false,
      demo: options.demo,
      settingsFixed: options.onlyTenant !== undefined,
    },
    { revision: auth.revision, random },
  )
  const retryPlans = retryPlansOf(section, people.apps)
  const ofRetries = compareRetryPlans(await engine.retryPlans(tx, section.id), retryPlans, people.apps)
  if (apply) {
    await engine.putTenant(tx, section.id, section.sandbox ?? false)
    await engine.putRetryPlans(tx, section.id, retryPlans)
  }
  const ofAutomations = await automations.applyWorkspace(tx, {
    tenant: section.id,
    triggers: section.triggers,
    automations: section.automations,
    apps: people.apps,
    retries: retriesAround(section),
    apply,
  })
  const wanted = readNotifications(section, people.apps)
  const ofNotifications = compareNotifications(await notifications.currentWorkspace(section.id), wanted)
  if (apply) await notifications.applyWorkspace(tx, section.id, wanted)
  const at = (change: RoomChange) => ({ ...change, at: `tenants.${section.id}.${change.at}` })
  return [...people.changes, ...ofRetries.map(at), ...ofAutomations.map(at), ...ofNotifications.map(at)]
}

function readNotifications(section: TenantSection, apps: ReadonlyMap<string, string>): NotificationWorkspace {
  try {
    return readNotificationWorkspace({ templates: section.templates, channels: section.channels, apps })
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw new Fault(
      'INVALID_WORKSPACE',
      400,
      `The workspace file has mistakes:\ntenant ${section.id}: ${problem}`,
    )
  }
}

function compareNotifications(kept: NotificationWorkspace, wanted: NotificationWorkspace): RoomChange[] {
  return [
    ...compareByName('templates', kept.templates, wanted.templates),
    ...compareByName('channels', kept.channels, wanted.channels),
  ]
}

function compareByName<Named extends { readonly uniqueName: string }>(
  what: string,
  kept: readonly Named[],
  wanted: readonly Named[],
): RoomChange[] {
  const before = new Map(kept.map(each => [each.uniqueName, each]))
  const changes: RoomChange[] = []
  for (const each of wanted) {
    const old = before.get(each.uniqueName)
    before.delete(each.uniqueName)
    // Through JSON, as it is kept: an undefined member is none.
    if (old && isDeepStrictEqual(old, JSON.parse(JSON.stringify(each)))) continue
    changes.push({ is: old ? 'changed' : 'added', at: `${what}.${each.uniqueName}` })
  }
  for (const name of before.keys()) changes.push({ is: 'removed', at: `${what}.${name}` })
  return changes
}
