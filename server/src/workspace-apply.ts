// The workspace file, applied: each room makes its own section true, all in one transaction, or none.

import { isDeepStrictEqual } from 'node:util'
import { applyFault, applyPeople, type WorkspaceChange } from './auth/apply-people.ts'
import type { Auth } from './auth/auth.ts'
import { isServerOperator } from './auth/principals.ts'
import { parseWorkspace, type TenantSection, type Variables } from './auth/workspace-file.ts'
import type { Automations } from './automations/create-automations.ts'
import type { Calendar } from './calendar/calendar.ts'
import { Fault } from './core/fault.ts'
import type { Random } from './core/ids.ts'
import type { Principal } from './core/principal.ts'
import type { Engine } from './engine/engine.ts'
import type { Notifications } from './notifications/create-notifications.ts'
import { type NotificationWorkspace, readNotificationWorkspace } from './notifications/workspace.ts'
import type { Database, Tx } from './store/database.ts'
import { compareRetryPlans, retriesAround, retryPlansOf } from './workspace-retries.ts'

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
  /** Marks the tenants as the demo's. */
  readonly demo?: boolean
  readonly variables?: Variables
  /** Only this tenant, and none of its own settings: for its admin. */
  readonly onlyTenant?: string
}

export type WorkspaceApply = {
  /** @throws Fault INVALID_WORKSPACE, WOULD_ORPHAN, ID_CHANGED, TAKEN, TENANT_SETTINGS */
  apply(text: string, options: ApplyOptions): Promise<readonly WorkspaceChange[]>
  /** With the rights of who asks. */
  forPrincipal(
    principal: Principal,
    text: string,
    options: { readonly apply: boolean; readonly prune?: boolean },
  ): Promise<readonly WorkspaceChange[]>
}

export function createWorkspaceApply(needs: WorkspaceApplyNeeds): WorkspaceApply {
  const { db, calendar } = needs

  async function apply(text: string, options: ApplyOptions): Promise<readonly WorkspaceChange[]> {
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
      const ofEach: (readonly WorkspaceChange[])[] = []
      for (const section of tenants) ofEach.push(await applyTenant(needs, tx, section, options))
      return ofEach.flat()
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

  return {
    apply,
    async forPrincipal(principal, text, options) {
      const onlyTenant = isServerOperator(principal) ? undefined : principal.tenant
      return await apply(text, { ...options, onlyTenant })
    },
  }
}

async function applyTenant(
  needs: WorkspaceApplyNeeds,
  tx: Tx,
  section: TenantSection,
  options: ApplyOptions,
): Promise<readonly WorkspaceChange[]> {
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
  const at = (change: WorkspaceChange) => ({ ...change, at: `tenants.${section.id}.${change.at}` })
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
