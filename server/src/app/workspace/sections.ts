// Which room reads which section of a tenant in the workspace file. This runs in the reading process, which must not load the store
// or the engine; section-writers.ts says which room writes which section. A new section has a line here and a line there.

import { type Wanted, wantedOf } from '../../auth/people/workspace-people.ts'
import { type DeclaredSection, readWorkspace } from '../../automations/read-workspace.ts'
import type { Mistakes } from '../../core/mistakes.ts'
import { refusedTarget } from '../../delivery/webhook/address-guard.ts'
import { readAllowListSection } from '../../delivery/webhook/allow-list-section.ts'
import type { DeclaredRetries } from '../../engine/retry-section.ts'
import { type NotificationWorkspace, readNotificationWorkspace } from '../../notifications/read-workspace.ts'
import type { TenantNames } from '../../workspace/mistakes.ts'
import type { MailboxSection, TenantSection } from '../../workspace/sections.ts'

/** Sections that their rooms check themselves. They note what is wrong in `mistakes`, so these are read from any file. */
type CheckedSections = {
  readonly automations: DeclaredSection
  readonly notifications: NotificationWorkspace
}

/** Sections that the schema and workspace/mistakes.ts check for the rooms. They are read only when the file has no mistake. */
type ValidSections = {
  readonly people: Wanted
  readonly retries: DeclaredRetries
  readonly calendars: readonly MailboxSection[]
}

/** A tenant of a file that has no mistake. */
export type ReadTenant = CheckedSections & ValidSections

export function checkSections(tenant: TenantNames, mistakes: Mistakes): CheckedSections {
  const { section, path, apps, retries } = tenant
  const { triggers, automations, templates, channels, webhooks } = section
  const allowed = readAllowListSection(webhooks, [...path, 'webhooks'], mistakes)
  const webhookRefusal = (url: URL) => refusedTarget(url, allowed)
  return {
    automations: readWorkspace({ triggers, automations, apps, path, retries, webhookRefusal }, mistakes),
    notifications: readNotificationWorkspace({ templates, channels, apps, path }, mistakes),
  }
}

export function readValidSections(section: TenantSection): ValidSections {
  return {
    people: wantedOf(section),
    retries: declaredRetries(section),
    calendars: section.calendars ?? [],
  }
}

function declaredRetries({ retries, apps = [] }: TenantSection): DeclaredRetries {
  const ofApps = apps.flatMap(app => (app.retries ? [{ name: app.name, retries: app.retries }] : []))
  return { tenant: retries, apps: ofApps }
}
