// The workspace file, read: text to what each room makes true. Pure, and done in the reading process for whoever sends one,
// so nothing that reaches a secret or the database may be imported here.

import { type Wanted, wantedOf } from '../../auth/people/workspace-people.ts'
import { type Declared, readWorkspace } from '../../automations/read-workspace.ts'
import type { Retries } from '../../core/effects/retry-plan.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { type Mistake, Mistakes, type Path, pathText } from '../../core/mistakes.ts'
import {
  type AllowList,
  isAllowEntry,
  readAllowList,
  refusedTarget,
} from '../../delivery/webhook/address-guard.ts'
import { type NotificationWorkspace, readNotificationWorkspace } from '../../notifications/read-workspace.ts'
import { workspaceMistakes } from '../../workspace/mistakes.ts'
import { checkSchema } from '../../workspace/schema.ts'
import type { MailboxSection, TenantSection } from '../../workspace/sections.ts'
import { readWorkspaceText, type Variables, type WorkspaceText } from '../../workspace/text.ts'

export type { Variables }

/** A tenant of a file that has no mistake. */
export type ReadTenant = {
  readonly wanted: Wanted
  readonly declared: Declared
  readonly retries: DeclaredRetries
  readonly notifications: NotificationWorkspace
  readonly calendars: readonly MailboxSection[]
}

/** What a tenant says of retries, for itself and for its apps by their names. */
export type DeclaredRetries = {
  readonly tenant?: Retries | undefined
  readonly apps: readonly { readonly name: string; readonly retries: Retries }[]
}

export type ReadWorkspace = readonly ReadTenant[]

export type WorkspaceInput = { readonly text: string; readonly variables: Variables }

/** @throws Fault INVALID_WORKSPACE: all that is wrong, in `data.errors` */
export function readWorkspaceFile({ text, variables }: WorkspaceInput): ReadWorkspace {
  const mistakes = new Mistakes()
  const file = readWorkspaceText(text, variables, mistakes)
  const { value } = file
  if (value === undefined) throw invalidWorkspace(mistakes, file)
  checkSchema(value, mistakes)
  const read = workspaceMistakes(value, mistakes).map(({ section, path, apps, retries }) => {
    const { triggers, automations, templates, channels, webhooks } = section
    const allowed = readAllowed(webhooks, [...path, 'webhooks'], mistakes)
    const webhookRefusal = (url: URL) => refusedTarget(url, allowed)
    return {
      declared: readWorkspace({ triggers, automations, apps, path, retries, webhookRefusal }, mistakes),
      notifications: readNotificationWorkspace({ templates, channels, apps, path }, mistakes),
    }
  })
  if (mistakes.count > 0) throw invalidWorkspace(mistakes, file)
  const { tenants } = value as { readonly tenants: readonly TenantSection[] }
  return tenants.map((section, i) => ({
    ...read[i]!,
    wanted: wantedOf(section),
    retries: declaredRetries(section),
    calendars: section.calendars ?? [],
  }))
}

function declaredRetries({ retries, apps = [] }: TenantSection): DeclaredRetries {
  const ofApps = apps.flatMap(app => (app.retries ? [{ name: app.name, retries: app.retries }] : []))
  return { tenant: retries, apps: ofApps }
}

function readAllowed(webhooks: unknown, path: Path, mistakes: Mistakes): AllowList {
  const { allow } = (typeof webhooks === 'object' && webhooks !== null ? webhooks : {}) as { allow?: unknown }
  const entries = Array.isArray(allow) ? allow : []
  for (const [i, entry] of entries.entries()) {
    if (typeof entry !== 'string' || isAllowEntry(entry)) continue
    const accepted = 'host, host:port, an address, or a network such as 10.1.0.0/16'
    mistakes.add({ path: [...path, 'allow', i], problem: 'allows nothing', accepted })
  }
  return readAllowList(entries.filter(entry => typeof entry === 'string'))
}

/** In the order of the file. */
function invalidWorkspace(mistakes: Mistakes, file: WorkspaceText): Fault {
  const errors = mistakes.kept
    .map(mistake => placed(mistake, file))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  const more = mistakes.count - errors.length
  const { line, column, at, message } = errors[0]!
  const place = line === null ? '' : `${line}:${column} `
  const first = `${place}${at === '' ? '' : `${at} `}${message}`
  const count = mistakes.count === 1 ? 'a mistake' : `${mistakes.count} mistakes, of which the first is`
  return new Fault('INVALID_WORKSPACE', 400, `The workspace file has ${count}: ${first}`, {
    errors: errors as unknown as JsonObject[],
    more,
  })
}

function placed(mistake: Mistake, file: WorkspaceText) {
  const { path, problem, accepted } = mistake
  const position = file.positionOf(mistake)
  return {
    at: pathText(path),
    message: problem.slice(0, 500).toWellFormed(),
    ...(accepted === undefined ? {} : { accepted }),
    tenant: tenantAt(path, file.value),
    line: position?.line ?? null,
    column: position?.column ?? null,
  }
}

function tenantAt([top, index]: Path, value: unknown): string | null {
  const { tenants } = (typeof value === 'object' && value !== null ? value : {}) as { tenants?: unknown }
  if (top !== 'tenants' || typeof index !== 'number' || !Array.isArray(tenants)) return null
  const id = (tenants[index] as { id?: unknown } | null)?.id
  return typeof id === 'string' ? id.slice(0, 100).toWellFormed() : null
}
