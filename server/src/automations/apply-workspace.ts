// Makes a tenant's triggers and automations what the workspace file says; applying it again changes nothing. An
// automation is known by its app and name and keeps its id; a change of its actions is a new revision, which new reports
// run. What is no longer in the file is retired or switched off, never deleted: activations that are running continue with the
// revision that they began with, and can still be cancelled.

import { isDeepStrictEqual } from 'node:util'
import { makeId } from '../core/ids.ts'
import type { WorkspaceChange } from '../core/workspace-change.ts'
import type { Tx } from '../store/database.ts'
import type { Program } from './language/program.ts'
import { programChanges } from './language/program-changes.ts'
import type { Needs } from './needs.ts'
import type { DeclaredSection, DeclaredTrigger } from './read-workspace.ts'
import { sql } from './statements.ts'

/** `at`: `triggers.<app>.<key>` or `automations.<app>.<name>`. */
export type AutomationsChange = WorkspaceChange & {
  /** What is removed or replaced. Its events have these names in their data. */
  readonly of?:
    | { readonly trigger: string; readonly appId: string }
    | { readonly automation: string; readonly revision: number }
}

/** With `apply` false it reports the changes and makes none. */
export type ApplyWorkspace = (
  tx: Tx,
  workspace: {
    readonly tenant: string
    readonly declared: DeclaredSection
    /** The tenant's apps: name → id. */
    readonly apps: ReadonlyMap<string, string>
    readonly apply: boolean
  },
) => Promise<readonly AutomationsChange[]>

type TriggerRow = {
  app_id: string
  trigger_key: string
  title: string
  schedule_field: string | null
  retired: boolean
}
type AutomationRow = {
  id: string
  app_id: string
  trigger_key: string
  name: string
  active: boolean
  revision: number
  program: Program
}

export function applyWorkspace({ now, random }: Pick<Needs, 'now' | 'random'>): ApplyWorkspace {
  return async (tx, workspace) => {
    const { declared } = workspace
    const names = new Map([...workspace.apps].map(([name, id]) => [id, name]))
    await tx.query(sql('lock-tenant'), [workspace.tenant])
    const triggers = compareTriggers(
      await tx.query<TriggerRow>(sql('workspace-triggers'), [workspace.tenant]),
      declared,
      names,
    )
    const automations = compareAutomations(
      await tx.query<AutomationRow>(sql('workspace-automations'), [workspace.tenant]),
      declared,
      { names, newId: () => makeId(0, now().getTime(), random) },
    )
    if (workspace.apply)
      await write(tx, workspace.tenant, { triggers: triggers.rows, automations: automations.rows })
    return [...triggers.changes, ...automations.changes]
  }
}

type Compared<Row> = { readonly rows: readonly Row[]; readonly changes: readonly AutomationsChange[] }

function compareTriggers(
  kept: readonly TriggerRow[],
  { triggers }: DeclaredSection,
  names: ReadonlyMap<string, string>,
): Compared<TriggerRow> {
  const rows: TriggerRow[] = []
  const changes: AutomationsChange[] = []
  const before = new Map(kept.map(row => [JSON.stringify([row.app_id, row.trigger_key]), row]))
  for (const trigger of triggers) {
    const key = JSON.stringify([trigger.appId, trigger.triggerKey])
    const row = rowOf(trigger)
    const old = before.get(key)
    before.delete(key)
    if (old && isDeepStrictEqual({ ...old }, row)) continue
    rows.push(row)
    const at = `triggers.${trigger.appName}.${trigger.triggerKey}`
    changes.push({ is: old && !old.retired ? 'changed' : 'added', at })
  }
  for (const old of before.values()) {
    if (old.retired) continue
    rows.push({ ...old, retired: true })
    changes.push({
      is: 'removed',
      at: `triggers.${names.get(old.app_id) ?? old.app_id}.${old.trigger_key}`,
      of: { trigger: old.trigger_key, appId: old.app_id },
    })
  }
  return { rows, changes }
}

function rowOf(trigger: DeclaredTrigger): TriggerRow {
  return {
    app_id: trigger.appId,
    trigger_key: trigger.triggerKey,
    title: trigger.title,
    schedule_field: trigger.scheduleField,
    retired: false,
  }
}

type AutomationWrite = AutomationRow & { readonly newRevision: boolean }

function compareAutomations(
  kept: readonly AutomationRow[],
  { automations }: DeclaredSection,
  { names, newId }: { readonly names: ReadonlyMap<string, string>; readonly newId: () => string },
): Compared<AutomationWrite> {
  const rows: AutomationWrite[] = []
  const changes: AutomationsChange[] = []
  const before = new Map(kept.map(row => [JSON.stringify([row.app_id, row.name]), row]))
  for (const { appId, appName, triggerKey, name, active, program } of automations) {
    const key = JSON.stringify([appId, name])
    const old = before.get(key)
    before.delete(key)
    const newRevision = !old || !isDeepStrictEqual(old.program, program)
    if (old && !newRevision && old.active === active && old.trigger_key === triggerKey) continue
    rows.push({
      id: old?.id ?? newId(),
      app_id: appId,
      trigger_key: triggerKey,
      name,
      active,
      revision: (old?.revision ?? 0) + (newRevision ? 1 : 0),
      program,
      newRevision,
    })
    const at = `automations.${appName}.${name}`
    changes.push(
      old
        ? {
            is: 'changed',
            at,
            detail: whatChanged(old, { active, newRevision, program }),
            ...(newRevision ? { of: { automation: old.id, revision: old.revision } } : {}),
          }
        : { is: 'added', at },
    )
  }
  for (const old of before.values()) {
    if (!old.active) continue
    rows.push({ ...old, active: false, newRevision: false })
    changes.push({
      is: 'removed',
      at: `automations.${names.get(old.app_id) ?? old.app_id}.${old.name}`,
      of: { automation: old.id, revision: old.revision },
    })
  }
  return { rows, changes }
}

function whatChanged(
  old: AutomationRow,
  is: { readonly active: boolean; readonly newRevision: boolean; readonly program: Program },
): string {
  const revision = is.newRevision
    ? [`revision ${old.revision + 1}: ${programChanges(old.program, is.program).join(', ')}`]
    : []
  const activity = old.active === is.active ? [] : [is.active ? 'switched on' : 'switched off']
  return [...revision, ...activity].join(', ') || 'another trigger'
}

async function write(
  tx: Tx,
  tenant: string,
  {
    triggers,
    automations,
  }: { readonly triggers: readonly TriggerRow[]; readonly automations: readonly AutomationWrite[] },
): Promise<void> {
  if (triggers.length > 0) {
    await tx.query(sql('put-triggers'), [
      tenant,
      triggers.map(row => row.app_id),
      triggers.map(row => row.trigger_key),
      triggers.map(row => row.title),
      triggers.map(row => row.schedule_field),
      triggers.map(row => row.retired),
    ])
  }
  const revised = automations.filter(row => row.newRevision)
  if (revised.length > 0) {
    await tx.query(sql('put-revisions'), [
      tenant,
      revised.map(row => row.id),
      revised.map(row => row.revision),
      revised.map(row => JSON.stringify(row.program)),
    ])
  }
  if (automations.length > 0) {
    await tx.query(sql('put-automations'), [
      tenant,
      automations.map(row => row.id),
      automations.map(row => row.app_id),
      automations.map(row => row.trigger_key),
      automations.map(row => row.name),
      automations.map(row => row.active),
      automations.map(row => row.revision),
    ])
  }
}
