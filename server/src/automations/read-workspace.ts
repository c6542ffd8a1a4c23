// The `triggers` and `automations` of a tenant in the workspace file, read and checked. Mistakes are noted. If there
// is one, the result must not be used.

import { type Retries, readRetries } from '../core/effects/retry-plan.ts'
import type { Mistakes, Path } from '../core/mistakes.ts'
import { type FilePosition, SettingReader, suggestion } from '../core/setting-reader.ts'
import type { ActionContext } from './actions/action-kind.ts'
import { readActions } from './actions/read-actions.ts'
import { type Duration, readDuration } from './language/duration.ts'
import type { Program } from './language/program.ts'

/** Wix: activationIds of one report hold at most 100. */
const MAX_ACTIVE_PER_TRIGGER = 100
const MAX_TRIGGERS = 1000
const MAX_AUTOMATIONS = 5000
const AUTOMATION = ['name', 'app', 'trigger', 'active', 'before', 'retries', 'actions'] as const
const FIELD = /^[A-Za-z0-9]\w{0,99}$/

export type DeclaredTrigger = {
  readonly appId: string
  readonly appName: string
  readonly triggerKey: string
  readonly title: string
  readonly scheduleField: string | null
}

export type DeclaredAutomation = {
  readonly appId: string
  readonly appName: string
  readonly triggerKey: string
  readonly name: string
  readonly active: boolean
  readonly program: Program
}

export type DeclaredSection = {
  readonly triggers: readonly DeclaredTrigger[]
  readonly automations: readonly DeclaredAutomation[]
}

export type WorkspaceSection = {
  readonly triggers?: unknown
  readonly automations?: unknown
  /** The tenant's apps: name → id. */
  readonly apps: ReadonlyMap<string, string>
  /** The retry settings of the tenant and then of the app with this name. They hold where an automation has none. */
  readonly retries?: (appName: string) => readonly Retries[]
  /** The position of the tenant in the file. */
  readonly path?: Path
  /** Default: no http or https address is refused. */
  readonly webhookRefusal?: ActionContext['webhookRefusal']
}

type Reading = Required<Pick<WorkspaceSection, 'apps' | 'path' | 'retries' | 'webhookRefusal'>> & {
  readonly mistakes: Mistakes
}

export function readWorkspace(section: WorkspaceSection, mistakes: Mistakes): DeclaredSection {
  const { apps, path = [], retries = () => [], webhookRefusal = () => null } = section
  const reading: Reading = { apps, path, retries, webhookRefusal, mistakes }
  const known = new Map<string, DeclaredTrigger>()
  const triggers = listOf(section.triggers, 'triggers', { maxEntries: MAX_TRIGGERS, reading }).flatMap(
    (raw, i) => {
      const position = { path: [...path, 'triggers', i], mistakes }
      const trigger = readTrigger(raw, position, apps)
      if (!trigger) return []
      const name = pair(trigger)
      if (known.has(name))
        mistakes.add({
          path: [...position.path, 'key'],
          problem: `declares ${trigger.triggerKey} a second time`,
        })
      known.set(name, trigger)
      return [trigger]
    },
  )
  const names = new Set<string>()
  const automations = listOf(section.automations, 'automations', {
    maxEntries: MAX_AUTOMATIONS,
    reading,
  }).flatMap((raw, i) => {
    const automation = readAutomation(raw, { ...reading, path: [...path, 'automations', i] }, known)
    if (!automation) return []
    const full = JSON.stringify([automation.appId, automation.name])
    if (automation.name !== '' && names.has(full)) {
      const problem = `${JSON.stringify(automation.name)} is used twice`
      mistakes.add({ path: [...path, 'automations', i, 'name'], problem })
    }
    names.add(full)
    return [automation]
  })
  const active = Map.groupBy(
    automations.filter(automation => automation.active),
    pair,
  )
  for (const [, group] of active) {
    if (group.length <= MAX_ACTIVE_PER_TRIGGER) continue
    const problem = `has more than ${MAX_ACTIVE_PER_TRIGGER} active ones on ${group[0]!.triggerKey}`
    mistakes.add({ path: [...path, 'automations'], problem })
  }
  return { triggers, automations }
}

function readTrigger(raw: unknown, position: FilePosition, apps: Reading['apps']): DeclaredTrigger | null {
  const read = new SettingReader(raw, ['app', 'key', 'title', 'schedule'], position)
  if (!read.isThere) return null
  const app = appOf(read, apps)
  const triggerKey = read.text('key', { maxLength: 100 })
  const title = read.text('title', { maxLength: 200, fallback: triggerKey })
  const pattern = [FIELD, 'the name of the payload field with the date and time'] as const
  const schedule = read.text('schedule', { maxLength: 100, pattern, fallback: '' })
  if (app === null || triggerKey === '') return null
  return { ...app, triggerKey, title, scheduleField: schedule === '' ? null : schedule }
}

function readAutomation(
  raw: unknown,
  reading: Reading,
  triggers: ReadonlyMap<string, DeclaredTrigger>,
): DeclaredAutomation | null {
  const read = new SettingReader(raw, AUTOMATION, reading)
  if (!read.isThere) return null
  const name = read.text('name', { maxLength: 500 })
  const app = appOf(read, reading.apps)
  const triggerKey = read.text('trigger', { maxLength: 100 })
  const trigger = app === null || triggerKey === '' ? null : triggerOf(read, { ...app, triggerKey }, triggers)
  const active = read.flag('active', true)
  const before = readBefore(read, trigger)
  const given = read.raw('retries')
  const around = app === null ? [] : reading.retries(app.appName)
  const retries = given === undefined ? null : readRetries(given, around, read.position('retries'))
  const position = { ...reading, path: [...reading.path, 'actions'] }
  const program = { ...readActions(read.raw('actions'), position), before, ...(retries ? { retries } : {}) }
  return app && { ...app, triggerKey, name, active, program }
}

type AutomationReader = SettingReader<(typeof AUTOMATION)[number]>

function triggerOf(
  read: AutomationReader,
  of: { readonly appId: string; readonly appName: string; readonly triggerKey: string },
  triggers: ReadonlyMap<string, DeclaredTrigger>,
): DeclaredTrigger | null {
  const found = triggers.get(pair(of))
  if (found) return found
  const keys = [...triggers.values()].filter(each => each.appId === of.appId).map(each => each.triggerKey)
  const problem = `${of.appName} has no trigger ${JSON.stringify(of.triggerKey)}`
  read.addMistake('trigger', suggestion(problem, of.triggerKey, keys))
  return null
}

function readBefore(read: AutomationReader, trigger: DeclaredTrigger | null): Duration | null {
  const before = read.raw('before')
  if (before === undefined) return null
  if (trigger?.scheduleField === null) read.addMistake('before', 'is for scheduled triggers only')
  const offset = readDuration(before)
  if (!offset) read.addMistake('before', 'is no time to start earlier', '"30 minutes", "1 day"')
  return offset
}

function appOf(
  read: SettingReader<'app'> | AutomationReader,
  apps: Reading['apps'],
): { readonly appId: string; readonly appName: string } | null {
  const appName = read.text('app', { maxLength: 200 })
  if (appName === '') return null
  const appId = apps.get(appName)
  if (appId !== undefined) return { appId, appName }
  read.addMistake('app', suggestion(`there is no app ${JSON.stringify(appName)}`, appName, [...apps.keys()]))
  return null
}

function pair({ appId, triggerKey }: { readonly appId: string; readonly triggerKey: string }): string {
  return JSON.stringify([appId, triggerKey])
}

function listOf(
  raw: unknown,
  name: string,
  { maxEntries, reading }: { readonly maxEntries: number; readonly reading: Reading },
): readonly unknown[] {
  if (raw === undefined || raw === null) return []
  const path = [...reading.path, name]
  if (!Array.isArray(raw)) reading.mistakes.add({ path, problem: 'must be a list' })
  else if (raw.length > maxEntries)
    reading.mistakes.add({ path, problem: `has more than ${maxEntries} entries` })
  else return raw
  return []
}
