// Reads tenants, people, groups and apps, for every room. Answers are cached until something is changed. This
// folder must not write: people/ does. It must not say what a caller may do, only who there is.

import { isGuid } from '../../core/ids.ts'
import { mailboxKey } from '../../core/mail-address.ts'
import type { Role } from '../../core/principal.ts'
import type { Database } from '../../store/database.ts'
import type { Statement } from '../../store/statements.ts'
import { type Revision, RevisionCache } from '../revision.ts'
import { sql } from '../statements.ts'

const MAX_CACHED = 20_000

export type Tenant = {
  readonly id: string
  readonly name: string
  /** As the workspace file declares it; the engine keeps the sandbox clock. */
  readonly sandbox: boolean
  readonly demo: boolean
  /** Personal accounts. */
  readonly consumers: boolean
  readonly domains: readonly string[]
  readonly issuer: string | null
  /** Private destinations that webhooks may call, as written: host, host:port, address or network. */
  readonly webhookAllow: readonly string[]
  /** The vendors whose rate limits are applied. */
  readonly rateLimits: readonly ('wix' | 'graph')[]
  /** The generation of its operators' tokens: a new one makes them void. */
  readonly operatorGeneration: number
}

export type Person = {
  readonly tenant: string
  /** GUID, lower case. */
  readonly id: string
  /** userPrincipalName, lower case. */
  readonly upn: string
  /** The address for invitations, lower case; the upn unless the workspace file gives another one. */
  readonly mail: string
  readonly name: string
  readonly roles: readonly Role[]
  readonly generation: number
}

export type Team = {
  readonly tenant: string
  readonly id: string
  readonly name: string
  readonly mail: string
}

export type SiteInstance = {
  readonly tenant: string
  /** Wix's instance id: an app at a site. */
  readonly id: string
  readonly appId: string
  readonly siteId: string
  readonly name: string
}

export type App = {
  readonly tenant: string
  /** Client id, GUID, lower case. */
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly roles: readonly Role[]
  readonly redirectUris: readonly string[]
  /** The generation of its tokens: a new one makes them void. */
  readonly generation: number
  /** The generation of its derived secret and its refresh tokens. */
  readonly secretGeneration: number
  /** For a secret from the workspace file; null: the secret is derived. */
  readonly secret: { readonly salt: Buffer; readonly hash: Buffer } | null
}

export type ApiKey = {
  readonly tenant: string | null
  readonly appId: string | null
  readonly label: string
  readonly expiresAt: Date | null
}

/** A row of tenants.sql. */
export type TenantRow = Omit<Tenant, 'webhookAllow' | 'rateLimits' | 'operatorGeneration'> & {
  webhook_allow: string[]
  rate_limits: ('wix' | 'graph')[]
  operator_generation: number
}
type AppRow = Omit<App, 'redirectUris' | 'secret' | 'secretGeneration'> & {
  redirect_uris: string[]
  secret_generation: number
  secret_salt: Buffer | null
  secret_hash: Buffer | null
}
type InstanceRow = { id: string; tenant: string; app_id: string; site_id: string; name: string }

/** An app that was removed from the workspace file. */
type RemovedApp = { readonly id: string; readonly name: string }
export type RemovedInstance = { readonly id: string; readonly appId: string; readonly name: string }

export class Directory {
  readonly #db: Database
  readonly #cache: RevisionCache<readonly unknown[]>

  constructor(db: Database, revision: Revision) {
    this.#db = db
    this.#cache = new RevisionCache(revision, MAX_CACHED)
  }

  async tenants(): Promise<readonly Tenant[]> {
    const rows = await this.#ask<TenantRow>('tenants', [])
    return rows.map(tenantOf)
  }

  async tenant(id: string): Promise<Tenant | null> {
    return (await this.tenants()).find(tenant => tenant.id === id) ?? null
  }

  /** By GUID or userPrincipalName, in any case. */
  async user(tenant: string, idOrUpn: string): Promise<Person | null> {
    return isGuid(idOrUpn)
      ? this.userById(tenant, idOrUpn)
      : this.#one('person-by-upn', tenant, mailboxKey(idOrUpn))
  }

  async userById(tenant: string, id: string): Promise<Person | null> {
    return isGuid(id) ? this.#one<Person>('person-by-id', tenant, id) : null
  }

  /** By GUID alone: for the issuer, whose subjects do not name a tenant. */
  async personAnywhere(id: string): Promise<Person | null> {
    return isGuid(id) ? ((await this.#ask<Person>('person-anywhere', [id.toLowerCase()]))[0] ?? null) : null
  }

  /** By mail address or userPrincipalName, in any case. */
  async userByMail(tenant: string, mail: string): Promise<Person | null> {
    return this.#one('person-by-mail', tenant, mailboxKey(mail))
  }

  /** In order of userPrincipalName. */
  async users(tenant: string): Promise<readonly Person[]> {
    return this.#ask<Person>('persons', [tenant])
  }

  async group(tenant: string, id: string): Promise<Team | null> {
    return isGuid(id) ? this.#one<Team>('team-by-id', tenant, id) : null
  }

  async groups(tenant: string): Promise<readonly Team[]> {
    return this.#ask<Team>('teams', [tenant])
  }

  async groupsOf(tenant: string, userId: string): Promise<readonly Team[]> {
    return isGuid(userId) ? this.#ask<Team>('teams-of-person', [tenant, userId.toLowerCase()]) : []
  }

  async membersOf(tenant: string, groupId: string): Promise<readonly Person[]> {
    return isGuid(groupId) ? this.#ask<Person>('members-of-team', [tenant, groupId.toLowerCase()]) : []
  }

  /** By client id or name. */
  async app(tenant: string, idOrName: string): Promise<App | null> {
    if (isGuid(idOrName)) {
      const app = await this.appAnywhere(idOrName)
      return app?.tenant === tenant ? app : null
    }
    const rows = await this.#ask<AppRow>('app-by-name', [tenant, idOrName])
    return rows[0] ? appOf(rows[0]) : null
  }

  /** By client id alone: for signing in, where the tenant is not known yet. */
  async appAnywhere(id: string): Promise<App | null> {
    if (!isGuid(id)) return null
    const rows = await this.#ask<AppRow>('app-anywhere', [id.toLowerCase()])
    return rows[0] ? appOf(rows[0]) : null
  }

  async apps(tenant: string): Promise<readonly App[]> {
    return (await this.#ask<AppRow>('apps', [tenant])).map(appOf)
  }

  /** Apps that were removed from the workspace file while events that they announced still exist. */
  async removedApps(tenant: string): Promise<readonly RemovedApp[]> {
    return this.#ask<RemovedApp>('removed-apps', [tenant])
  }

  async removedInstances(tenant: string): Promise<readonly RemovedInstance[]> {
    const rows = await this.#ask<Omit<InstanceRow, 'tenant' | 'site_id'>>('removed-instances', [tenant])
    return rows.map(({ id, app_id: appId, name }) => ({ id, appId, name }))
  }

  async instances(tenant: string): Promise<readonly SiteInstance[]> {
    return (await this.#ask<InstanceRow>('instances', [tenant])).map(instanceOf)
  }

  /** The instance of `app` with that id; null for an instance of another tenant. */
  async instance(app: App, id: string): Promise<SiteInstance | null> {
    return this.#instance('instance-by-id', app, id)
  }

  /** The instance of `app` at a site, by the site's id or its own. */
  async instanceAt(app: App, siteId: string): Promise<SiteInstance | null> {
    return this.#instance('instance-by-site', app, siteId)
  }

  /** By its hash. `tenant` null: the server's own key. */
  async apiKey(hash: Buffer): Promise<ApiKey | null> {
    type Row = { tenant: string | null; app_id: string | null; label: string; expires_at: Date | null }
    const hex = hash.toString('hex')
    const rows = await this.#cache.get(`api-key\n${hex}`, () =>
      this.#db.query<Row>(sql('find-api-key'), [hash]),
    )
    const row = rows[0] as Row | undefined
    return row ? { tenant: row.tenant, appId: row.app_id, label: row.label, expiresAt: row.expires_at } : null
  }

  async #instance(name: string, app: App, id: string): Promise<SiteInstance | null> {
    if (!isGuid(id)) return null
    const rows = await this.#ask<InstanceRow>(name, [app.id, id.toLowerCase()])
    const row = rows[0]
    return row && row.tenant === app.tenant ? instanceOf(row) : null
  }

  async #one<T extends object>(name: string, tenant: string, value: string): Promise<T | null> {
    // A name that cannot exist must not displace others from the cache.
    if (value.length > 320 || value.includes('\0')) return null
    return (await this.#ask<T>(name, [tenant, value.toLowerCase()]))[0] ?? null
  }

  async #ask<Row extends object>(name: string, values: readonly string[]): Promise<readonly Row[]> {
    const statement: Statement = sql(name)
    const rows = await this.#cache.get(`${name}\n${values.join('\n')}`, () =>
      this.#db.query(statement, values),
    )
    return rows as readonly Row[]
  }
}

export function tenantOf({ webhook_allow, rate_limits, operator_generation, ...row }: TenantRow): Tenant {
  return {
    ...row,
    webhookAllow: webhook_allow,
    rateLimits: rate_limits,
    operatorGeneration: operator_generation,
  }
}

function appOf({ redirect_uris, secret_generation, secret_salt, secret_hash, ...row }: AppRow): App {
  const secret = secret_salt && secret_hash ? { salt: secret_salt, hash: secret_hash } : null
  return { ...row, redirectUris: redirect_uris, secretGeneration: secret_generation, secret }
}

function instanceOf({ app_id, site_id, ...row }: InstanceRow): SiteInstance {
  return { ...row, appId: app_id, siteId: site_id }
}
