// This room is the grammar of the workspace file: its schema, ids, limits and mistakes. It must not touch the
// database: the rooms make their sections true. This file has the shape of one tenant of the file, once
// nothing is wrong with it.

import type { Retries } from '../core/effects/retry-plan.ts'
import type { Json } from '../core/json.ts'
import type { Role } from '../core/principal.ts'

type UserSection = {
  readonly upn: string
  readonly id?: string
  readonly name: string
  readonly mail?: string
  readonly roles?: readonly Role[]
}
type GroupSection = {
  readonly name: string
  readonly id?: string
  readonly mail?: string
  readonly members?: readonly string[]
}
type SiteSection = { readonly name: string; readonly instanceId?: string; readonly siteId?: string }
type AppSection = {
  readonly name: string
  readonly clientId?: string
  readonly secret?: string
  readonly scopes?: readonly string[]
  readonly roles?: readonly Role[]
  readonly redirectUris?: readonly string[]
  readonly sites?: readonly SiteSection[]
  readonly retries?: Retries
}
export type MailboxSection = {
  readonly user: string
  readonly calendarGroups?: readonly { readonly name: string; readonly calendars: readonly string[] }[]
}

/** The sections of other rooms are unread values here; the rooms read them. */
export type TenantSection = {
  readonly id: string
  readonly name: string
  readonly domains: readonly string[]
  readonly sandbox?: boolean
  readonly consumers?: boolean
  readonly issuer?: string
  readonly webhooks?: { readonly allow?: readonly string[] }
  readonly rateLimits?: readonly ('wix' | 'graph')[]
  readonly retries?: Retries
  readonly users?: readonly UserSection[]
  readonly groups?: readonly GroupSection[]
  readonly apps?: readonly AppSection[]
  readonly calendars?: readonly MailboxSection[]
  readonly triggers?: readonly Json[]
  readonly automations?: readonly Json[]
  readonly templates?: readonly Json[]
  readonly channels?: readonly Json[]
}
