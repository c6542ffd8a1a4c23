// The `triggers` and `automations` of a tenant in the workspace file, read and checked. Throws INVALID_WORKSPACE naming
// the place.

import { type Retries, retryMistakes } from '../core/retry-plan.ts'
import { type Duration, readDuration } from './duration.ts'
import type { Program } from './program.ts'
import { invalid, readActions } from './read-actions.ts'

/** Wix: activationIds of one report hold at most 100. */
const MAX_ACTIVE_PER_TRIGGER = 100
const MAX_TRIGGERS = 1000
const MAX_AUTOMATIONS = 5000

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

export type Declared = {
  readonly triggers: readonly DeclaredTrigger[]
  readonly automations: readonly DeclaredAutomation[]
}

export type WorkspaceSection = {
  readonly triggers?: unknown
  readonly automations?: unknown
  /** The tenant's apps: name → id. */
  readonly apps: ReadonlyMap<string, string>
  /** What holds for retries of an app, by its name, where an automation is silent: of the tenant, then of the app. */
  readonly retries?: (appName: string) => readonly Retries[]
}

export function readWorkspace(section: WorkspaceSection): Declared {
  const triggers = list(section.triggers, 'triggers', MAX_TRIGGERS).map((raw, i) =>
    readTrigger(raw, `triggers[${i}]`, section.apps),
  )
  const known = new Map<string, DeclaredTrigger>()
  for (const [i, trigger] of triggers.entries()) {
    const name = pair(trigger)
    if (known.has(name)) throw invalid(`triggers[${i}].key`, `declares ${trigger.triggerKey} a second time`)
    known.set(name, trigger)
  }
  const automations = list(section.automations, 'automations', MAX_AUTOMATIONS).map((raw, i) =>
    readAutomation(raw, `automations[${i}]`, { ...section, triggers: known }),
  )
  const names = new Set<string>()
  for (const [i, { appId, name }] of automations.entries()) {
    const full = JSON.stringify([appId, name])
    if (names.has(full)) throw invalid(`automations[${i}].name`, `${JSON.stringify(name)} is used twice`)
    names.add(full)
  }
  const active = Map.groupBy(
    automations.filter(automation => automation.active),
    pair,
  )
  for (const [, group] of active) {
    if (group.length <= MAX_ACTIVE_PER_TRIGGER) continue
    throw invalid(
      'automations',
      `has more than ${MAX_ACTIVE_PER_TRIGGER} active ones on ${group[0]!.triggerKey}`,
    )
  }
  return { triggers, automations }
}

function readTrigger(raw: unknown, at: string, apps: WorkspaceSection['apps']): DeclaredTrigger {
  const { app, key, title, schedule } = object(raw, ['app', 'key', 'title', 'schedule'], at)
  const appName = text(app, `${at}.app`, 200)
  const triggerKey = text(key, `${at}.key`, 100)
  if (schedule !== undefined && (typeof schedule !== 'string' || !/^[A-Za-z0-9]\w{0,99}$/.test(schedule))) {
    throw invalid(`${at}.schedule`, 'must name the payload field with the date and time')
  }
  return {
    appId: appOf(appName, `${at}.app`, apps),
    appName,
    triggerKey,
    title: title === undefined ? triggerKey : text(title, `${at}.title`, 200),
    scheduleField: schedule ?? null,
  }
}

function readAutomation(
  raw: unknown,
  at: string,
  known: Pick<WorkspaceSection, 'apps' | 'retries'> & {
    readonly triggers: ReadonlyMap<string, DeclaredTrigger>
  },
): DeclaredAutomation {
  const names = ['name', 'app', 'trigger', 'active', 'before', 'retries', 'actions'] as const
  const { name, app, trigger, active, before, retries, actions } = object(raw, names, at)
  const appName = text(app, `${at}.app`, 200)
  const appId = appOf(appName, `${at}.app`, known.apps)
  const triggerKey = text(trigger, `${at}.trigger`, 100)
  const on = known.triggers.get(pair({ appId, triggerKey }))
  if (!on) throw invalid(`${at}.trigger`, `${appName} has no trigger ${JSON.stringify(triggerKey)}`)
  if (active !== undefined && typeof active !== 'boolean')
    throw invalid(`${at}.active`, 'must be true or false')
  const offset = readBefore(before, `${at}.before`, on)
  return {
    appId,
    appName,
    triggerKey,
    name: text(name, `${at}.name`, 500),
    active: active ?? true,
    program: {
      ...readActions(actions, `${at}.actions`),
      before: offset,
      ...readRetries(retries, `${at}.retries`, known.retries?.(appName)),
    },
  }
}

function readBefore(before: unknown, at: string, trigger: DeclaredTrigger): Duration | null {
  if (before === undefined) return null
  if (trigger.scheduleField === null) throw invalid(at, 'is for scheduled triggers only')
  const offset = readDuration(before)
  if (!offset) throw invalid(at, 'must be like "1 day"')
  return offset
}

function readRetries(raw: unknown, at: string, around: readonly Retries[] = []): { retries?: Retries } {
  if (raw === undefined) return {}
  const [mistake] = retryMistakes(raw, around)
  if (mistake) throw invalid([at, ...mistake.path].join('.'), mistake.problem)
  return { retries: raw as Retries }
}

function appOf(name: string, at: string, apps: WorkspaceSection['apps']): string {
  const id = apps.get(name)
  if (id === undefined) throw invalid(at, `there is no app ${JSON.stringify(name)}`)
  return id
}

function pair({ appId, triggerKey }: { readonly appId: string; readonly triggerKey: string }): string {
  return JSON.stringify([appId, triggerKey])
}

function list(raw: unknown, at: string, most: number): readonly unknown[] {
  if (raw === undefined || raw === null) return []
  if (!Array.isArray(raw)) throw invalid(at, 'must be a list')
  if (raw.length > most) throw invalid(at, `has more than ${most} entries`)
  return raw
}

function object<const Name extends string>(
  raw: unknown,
  names: readonly Name[],
  at: string,
): { readonly [name in Name]?: unknown } {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw invalid(at, 'must be an object')
  for (const name of Object.keys(raw)) {
    if (!(names as readonly string[]).includes(name)) throw invalid(`${at}.${name}`, 'is not known here')
  }
  return raw as { readonly [name in Name]?: unknown }
}

function text(raw: unknown, at: string, most: number): string {
  if (typeof raw !== 'string' || raw.trim() === '') throw invalid(at, 'must be a text')
  if (raw.length > most) throw invalid(at, `is longer than ${most} characters`)
  if (/[\u0000-\u001f\u007f]/.test(raw) || !raw.isWellFormed())
    throw invalid(at, 'holds characters that may not be kept')
  return raw
}
