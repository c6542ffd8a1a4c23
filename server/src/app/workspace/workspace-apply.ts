// The workspace file, applied: each room makes its own section true, all in one transaction, or none.

import { isDeepStrictEqual } from 'node:util'
import type { Auth } from '../../auth/auth.ts'
import { applyFault, applyPeople } from '../../auth/people/apply-people.ts'
import { isServerOperator } from '../../auth/principals.ts'
import type { Automations } from '../../automations/automations.ts'
import type { Calendar } from '../../calendar/calendar.ts'
import type { Caller, CancelOutcome } from '../../core/cancellation.ts'
import type { Random } from '../../core/ids.ts'
import { type Principal, principalKey } from '../../core/principal.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Notifications } from '../../notifications/notifications.ts'
import type { NotificationWorkspace } from '../../notifications/read-workspace.ts'
import type { Database, Tx } from '../../store/database.ts'
import {
  type ReadTenant,
  type ReadWorkspace,
  readWorkspaceFile,
  type Variables,
} from './read-workspace-file.ts'
import {
  type PendingOfTenant,
  type PendingPolicy,
  type RoomChange,
  refusePending,
  type ShownChange,
  withPending,
} from './workspace-pending.ts'
import type { WorkspaceReader } from './workspace-reader.ts'
import { compareRetryPlans, retryPlansOf } from './workspace-retries.ts'

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
  /** Reads what somebody sends: it may be as hostile as anything. */
  readonly reader: Pick<WorkspaceReader, 'read'>
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
  /**
   * A file of this server's own, read here and now.
   * @throws Fault INVALID_WORKSPACE, WOULD_ORPHAN, ID_CHANGED, TAKEN, TENANT_SETTINGS, PENDING_WORK
   */
  apply(text: string, options: ApplyOptions & { readonly pending?: 'keep' }): Promise<readonly ShownChange[]>
  /**
   * With the rights of who asks.
   * @throws Fault INVALID_WORKSPACE, READING_TOO_LONG, READING_TOO_LARGE, WOULD_ORPHAN, ID_CHANGED, TAKEN, TENANT_SETTINGS,
   * PENDING_WORK; ReaderUnavailable
   */
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

  const variablesOf = (more: Variables = {}) => ({ ...needs.variables(), ...more })

  async function apply(workspace: ReadWorkspace, options: ApplyOptions): Promise<readonly ShownChange[]> {
    const { onlyTenant } = options
    const ids = workspace.map(({ wanted }) => wanted.tenant.id)
    const foreign = ids.filter(id => onlyTenant !== undefined && id !== onlyTenant)
    if (foreign.length > 0)
      throw applyFault.TENANT_SETTINGS({ tenant: foreign[0]!, names: foreign.join(', ').slice(0, 1000) })
    const changes = await db.transaction('workspace.apply', async tx => {
      const ofEach: (readonly ShownChange[])[] = []
      const pending: PendingOfTenant[] = []
      for (const tenant of workspace) {
        const found = await applyTenant(needs, tx, tenant, options)
        const { changes, gone } = await withPending(tx, tenant.wanted.tenant.id, found)
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
      for (const { wanted, calendars } of workspace) {
        const declared = calendars.map(({ user, calendarGroups = [] }) => ({ user, calendarGroups }))
        await calendar.provision(wanted.tenant.id, declared)
      }
    }
    return changes
  }

  /**
   * What is pending is called off first, and the file applied then: a crash in between leaves nothing that nobody can call off. What is
   * announced meanwhile is called off in the next round.
   */
  async function applyCancelling(
    workspace: ReadWorkspace,
    options: ApplyOptions,
    by: Caller,
  ): Promise<WorkspaceOutcome> {
    const cancelled: CancelOutcome[] = []
    for (let round = 1; ; round++) {
      try {
        return { applied: options.apply, changes: await apply(workspace, options), cancelled }
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
    apply: async (text, options) =>
      await apply(readWorkspaceFile({ text, variables: variablesOf(options.variables) }), options),
    async forPrincipal(principal, text, options) {
      const onlyTenant = isServerOperator(principal) ? undefined : principal.tenant
      const input = { text, variables: variablesOf() }
      const workspace = await needs.reader.read('workspace', input, principal.tenant)
      const by = { principal: principalKey(principal), api: 'native', name: principal.name } as const
      return await applyCancelling(workspace, { ...options, onlyTenant }, by)
    },
  }
}

async function applyTenant(
  needs: WorkspaceApplyNeeds,
  tx: Tx,
  { wanted, declared, retries, notifications: ofScreens }: ReadTenant,
  options: ApplyOptions,
): Promise<readonly RoomChange[]> {
  const { auth, automations, notifications, engine, random } = needs
  const { id, sandbox } = wanted.tenant
  const { apply, prune = false, demo, onlyTenant } = options
  const people = await applyPeople(
    tx,
    { wanted, apply, prune, demo, settingsFixed: onlyTenant !== undefined },
    { revision: auth.revision, random },
  )
  const retryPlans = retryPlansOf(retries, people.apps)
  const ofRetries = compareRetryPlans(await engine.retryPlans(tx, id), retryPlans, people.apps)
  if (apply) {
    await engine.putTenant(tx, id, sandbox)
    await engine.putRetryPlans(tx, id, retryPlans)
  }
  const ofAutomations = await automations.applyWorkspace(tx, {
    tenant: id,
    declared,
    apps: people.apps,
    apply,
  })
  const ofNotifications = compareNotifications(await notifications.currentWorkspace(id), ofScreens)
  if (apply) await notifications.applyWorkspace(tx, id, ofScreens)
  const at = (change: RoomChange) => ({ ...change, at: `tenants.${id}.${change.at}` })
  return [...people.changes, ...ofRetries.map(at), ...ofAutomations.map(at), ...ofNotifications.map(at)]
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
