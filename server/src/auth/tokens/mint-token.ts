// Mints a token that an operator ordered: for a person, for an app at one of its sites, or for a tenant's operator.

import type { App, Directory, SiteInstance } from '../directory/directory.ts'
import { requireApp, requirePerson } from '../directory/require-known.ts'
import { authFault } from '../faults.ts'
import { PEOPLE_SCOPES } from '../scopes.ts'
import { type AccessToken, type AccessTokens, APP_TOKEN_SECONDS } from './access-tokens.ts'

export type MintToken = {
  readonly tenant: string
  readonly for:
    | { readonly person: string }
    /** `site`: name, siteId or instanceId; `instanceId` null: at no site. An app that is at one site needs neither. */
    | { readonly app: string; readonly site?: string; readonly instanceId?: string | null }
    | { readonly operator: true }
  /** Default: everything that the person or app may have. */
  readonly scopes?: readonly string[]
  /** Default: 12 hours for people and operators, 4 for apps. At most 30 days. */
  readonly ttlSeconds?: number
  /**
   * When the credential ends that this token is minted with: the token ends then at the latest. Null or left out: that credential
   * has no end.
   */
  readonly notAfter?: Date | null
}

const PERSON_TOKEN_SECONDS = 12 * 3600

/**
 * @throws Fault UNKNOWN_TENANT, UNKNOWN_PERSON, UNKNOWN_APP, UNKNOWN_SITE, SITE_NEEDED, UNKNOWN_SCOPE, UNKNOWN_PERSON_SCOPE,
 * NOT_INSTALLED
 */
export async function mintToken(
  { directory, tokens }: { readonly directory: Directory; readonly tokens: AccessTokens },
  order: MintToken,
): Promise<AccessToken> {
  const { tenant: tenantId, ttlSeconds, notAfter = null } = order
  const life = { ttlSeconds: ttlSeconds ?? PERSON_TOKEN_SECONDS, notAfter }
  if ('operator' in order.for) {
    const tenant = await directory.tenant(tenantId)
    if (!tenant) throw authFault.UNKNOWN_TENANT({ tenant: tenantId })
    return tokens.sign({ is: 'operator', tenant }, [], life)
  }
  if ('person' in order.for) {
    const person = await requirePerson(directory, tenantId, order.for.person)
    const scopes = order.scopes ?? PEOPLE_SCOPES
    const unknown = scopes.find(scope => !(PEOPLE_SCOPES as readonly string[]).includes(scope))
    if (unknown !== undefined) throw authFault.UNKNOWN_PERSON_SCOPE({ scope: unknown.slice(0, 100) })
    return tokens.sign({ is: 'person', person, appId: null }, scopes, life)
  }
  const app = await requireApp(directory, tenantId, order.for.app)
  const instance = await instanceFor(directory, app, order.for)
  const foreign = order.scopes?.find(scope => !app.scopes.includes(scope))
  if (foreign !== undefined) throw authFault.UNKNOWN_SCOPE({ app: app.name, scope: foreign.slice(0, 100) })
  return tokens.sign({ is: 'app', app, instance }, order.scopes ?? app.scopes, {
    ttlSeconds: ttlSeconds ?? APP_TOKEN_SECONDS,
    notAfter,
  })
}

async function instanceFor(
  directory: Directory,
  app: App,
  { site, instanceId }: { readonly site?: string; readonly instanceId?: string | null },
): Promise<SiteInstance | null> {
  if (instanceId === null) return null
  if (instanceId !== undefined) {
    const instance = await directory.instance(app, instanceId)
    if (!instance) throw authFault.NOT_INSTALLED()
    return instance
  }
  const all = (await directory.instances(app.tenant)).filter(each => each.appId === app.id)
  const matching =
    site === undefined
      ? all
      : all.filter(({ id, siteId, name }) => [id, siteId, name.toLowerCase()].includes(site.toLowerCase()))
  if (matching.length === 1) return matching[0]!
  if (all.length === 0 && site === undefined) return null
  const sites = siteNames(matching.length === 0 ? all : matching)
  if (matching.length === 0) throw authFault.UNKNOWN_SITE({ app: app.name, site: site!.slice(0, 100), sites })
  throw authFault.SITE_NEEDED({ app: app.name, sites })
}

/** The first twenty. Sites with the same name are shown with their ids. */
function siteNames(all: readonly SiteInstance[]): string {
  const maxShown = 20
  const names = all
    .slice(0, maxShown)
    .map(({ name, siteId }) =>
      all.some(other => other.name === name && other.siteId !== siteId) ? `${name} (${siteId})` : name,
    )
  const more = all.length > maxShown ? ` and ${all.length - maxShown} more` : ''
  return `${names.join(', ') || 'none'}${more}`
}
