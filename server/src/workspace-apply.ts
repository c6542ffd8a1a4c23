// The workspace file, applied: each room makes its own section true, all in one transaction, or none.

import { isDeepStrictEqual } from 'node:util'
import { applyFault, applyPeople, type WorkspaceChange } from './auth/apply-people.ts'
import type { Auth } from './auth/auth.ts'
import { isServerOperator } from './auth/principals.ts'
import type { Automations } from './automations/create-automations.ts'
import type { Calendar } from './calendar/calendar.ts'
import type { Random } from './core/ids.ts'
import type { Principal } from './core/principal.ts'
import type { Engine } from './engine/engine.ts'
import type { Notifications } from './notifications/create-notifications.ts'
import type { NotificationWorkspace } from './notifications/read-workspace.ts'
import {
  type ReadTenant,
  type ReadWorkspace,
  readWorkspaceFile,
  type Variables,
} from './read-workspace-file.ts'
import type { Database, Tx } from './store/database.ts'
import type { WorkspaceReader } from './workspace-reader.ts'
import { compareRetryPlans, retryPlansOf } from './workspace-retries.ts'

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
  /** Marks the tenants as the demo's. */
  readonly demo?: boolean
  readonly variables?: Variables
  /** Only this tenant, and none of its own settings: for its admin. */
  readonly onlyTenant?: string
}

export type WorkspaceApply = {
  /** A file of this server's own, read here and now. @throws Fault INVALID_WORKSPACE, WOULD_ORPHAN, ID_CHANGED, TAKEN */
  apply(text: string, options: ApplyOptions): Promise<readonly WorkspaceChange[]>
  /**
   * With the rights of who asks.
   * @throws Fault INVALID_WORKSPACE, READING_TOO_LONG, READING_TOO_LARGE, WOULD_ORPHAN, ID_CHANGED, TAKEN, TENANT_SETTINGS;
   * ReaderUnavailable
   */
  forPrincipal(
    principal: Principal,
    text: string,
    options: { readonly apply: boolean; readonly prune?: boolean },
  ): Promise<readonly WorkspaceChange[]>
}

export function createWorkspaceApply(needs: WorkspaceApplyNeeds): WorkspaceApply {
  const { db, calendar } = needs

  const variablesOf = (more: Variables = {}) => ({ ...needs.variables(), ...more })

  async function apply(workspace: ReadWorkspace, options: ApplyOptions): Promise<readonly WorkspaceChange[]> {
    const { onlyTenant } = options
    const ids = workspace.map(({ wanted }) => wanted.tenant.id)
    const foreign = ids.filter(id => onlyTenant !== undefined && id !== onlyTenant)
    if (foreign.length > 0)
      throw applyFault.TENANT_SETTINGS({ tenant: foreign[0]!, names: foreign.join(', ').slice(0, 1000) })
    const changes = await db.transaction('workspace.apply', async tx => {
      const ofEach: (readonly WorkspaceChange[])[] = []
      for (const tenant of workspace) ofEach.push(await applyTenant(needs, tx, tenant, options))
      return ofEach.flat()
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

  return {
    apply: async (text, options) =>
      await apply(readWorkspaceFile({ text, variables: variablesOf(options.variables) }), options),
    async forPrincipal(principal, text, options) {
      const onlyTenant = isServerOperator(principal) ? undefined : principal.tenant
      const input = { text, variables: variablesOf() }
      const workspace = await needs.reader.read('workspace', input, principal.tenant)
      return await apply(workspace, { ...options, onlyTenant })
    },
  }
}

async function applyTenant(
  needs: WorkspaceApplyNeeds,
  tx: Tx,
  { wanted, declared, retries, notifications: ofScreens }: ReadTenant,
  options: ApplyOptions,
): Promise<readonly WorkspaceChange[]> {
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
  const at = (change: WorkspaceChange) => ({ ...change, at: `tenants.${id}.${change.at}` })
  return [...people.changes, ...ofRetries.map(at), ...ofAutomations.map(at), ...ofNotifications.map(at)]
}

function compareNotifications(kept: NotificationWorkspace, wanted: NotificationWorkspace): WorkspaceChange[] {
  return [
    ...compareByName('templates', kept.templates, wanted.templates),
    ...compareByName('channels', kept.channels, wanted.channels),
  ]
}

function compareByName<Named extends { readonly uniqueName: string }>(
  what: string,
  kept: readonly Named[],
  wanted: readonly Named[],
): WorkspaceChange[] {
  const before = new Map(kept.map(each => [each.uniqueName, each]))
  const changes: WorkspaceChange[] = []
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
