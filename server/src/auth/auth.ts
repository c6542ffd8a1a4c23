// Who is calling: the face of this room. Every API asks here and nowhere else.

import type { Config } from '../config/config.ts'
import { isGuid, type Random } from '../core/ids.ts'
import type { Principal } from '../core/principal.ts'
import type { Database } from '../store/database.ts'
import { Attempts } from './attempts.ts'
import { type ApiKey, type App, Directory, type Person, type SiteInstance } from './directory/directory.ts'
import { authFault } from './faults.ts'
import { type DemoConfig, type Installation, openInstallation } from './installation.ts'
import { type ErrorPage, OidcIssuer } from './oidc/oidc-issuer.ts'
import { OutsideIssuer } from './oidc/outside-issuer.ts'
import { BuiltInIssuer } from './oidc/people-issuer.ts'
import { appPrincipal, operatorPrincipal } from './principals.ts'
import { Revision } from './revision.ts'
import { PEOPLE_SCOPES } from './scopes.ts'
import { SecurityLog } from './security-log.ts'
import { type BrowserRequest, BrowserSessions } from './sessions/browser-sessions.ts'
import { sql } from './statements.ts'
import { type AccessToken, AccessTokens, APP_TOKEN_SECONDS } from './tokens/access-tokens.ts'
import { deriveSecret, hashKey, makeKey } from './tokens/app-secrets.ts'
import { SigningKeys } from './tokens/signing-keys.ts'
import { TokenEndpoint } from './tokens/token-endpoint.ts'
import { TokenVerifier } from './tokens/token-verifier.ts'

/** 'bearer': `Authorization: Bearer <token>`. 'raw': the same, or the token alone, as Wix's SDK sends it. */
export type Scheme = 'bearer' | 'raw'

export type AuthenticateOptions = {
  readonly scheme: Scheme
  /** The header `wix-site-id`: which site an API key acts at. */
  readonly siteId?: string | undefined
}

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
  /** When what it is minted by ends: it ends with that at the latest. Null or left out: that has no end. */
  readonly notAfter?: Date | null
}

/** Who calls, and when that credential ends; null: not by itself. */
export type Authenticated = { readonly principal: Principal; readonly expiresAt: Date | null }

/** What `./standdown app NAME` prints. */
export type AppCredentials = {
  readonly name: string
  readonly clientId: string
  /** Null when the workspace file gave one: only its hash is kept. */
  readonly clientSecret: string | null
  readonly scopes: readonly string[]
  readonly instances: readonly {
    readonly name: string
    readonly instanceId: string
    readonly siteId: string
    readonly refreshToken: string
  }[]
  readonly apiKeys: readonly { readonly label: string; readonly createdAt: string }[]
}

const PERSON_TOKEN_SECONDS = 12 * 3600
const OPERATOR_KEY = 'sdo_'
const APP_KEY = 'sdk_'

export type AuthNeeds = {
  readonly db: Database
  readonly config: DemoConfig & Pick<Config, 'oidcIssuer' | 'oidcAudience'>
  readonly now: () => Date
  readonly random: Random
  /** The origin of every link; null before the server listens. */
  readonly publicUrl: () => string | null
  /** Origins that our pages have in a browser. */
  readonly ownOrigins: () => ReadonlySet<string>
  /** Default: one that writes nothing. */
  readonly securityLog?: SecurityLog
  /** For what the built-in issuer refuses. Default: a line of text. */
  readonly errorPage?: ErrorPage
}

/** Migrations must have run. @throws Fault DEMO_NEEDS_LOOPBACK, DEMO_NOT_HERE */
export async function createAuth(needs: AuthNeeds): Promise<Auth> {
  const installation = await openInstallation(needs.db, needs.config, needs)
  const revision = new Revision(needs.db, needs.now)
  const keys = await SigningKeys.open(needs.db, { ...needs, revision })
  return new Auth(needs, { installation, revision, keys })
}

export class Auth {
  readonly installation: Installation
  readonly directory: Directory
  readonly sessions: BrowserSessions
  readonly tokenEndpoint: TokenEndpoint
  readonly keys: SigningKeys
  /** The built-in issuer of people's tokens; null with OIDC_ISSUER. */
  readonly oidc: OidcIssuer | null
  /** To be raised in the transaction of whatever changes people, groups or apps. */
  readonly revision: Revision
  readonly securityLog: SecurityLog
  /** Slows down whoever tries secrets and links. */
  readonly attempts: Attempts
  readonly #needs: AuthNeeds
  readonly #tokens: AccessTokens
  readonly #verifier: TokenVerifier
  #serverKey: { readonly label: string; readonly hand: (key: string) => void } | null = null

  constructor(
    needs: AuthNeeds,
    made: { readonly installation: Installation; readonly revision: Revision; readonly keys: SigningKeys },
  ) {
    const { db, config, now, random, publicUrl } = needs
    const { installation, keys } = made
    this.#needs = needs
    this.installation = installation
    this.keys = keys
    this.revision = made.revision
    this.securityLog = needs.securityLog ?? new SecurityLog({ write() {}, now })
    this.attempts = new Attempts(now)
    this.directory = new Directory(db, this.revision)
    const { directory, revision } = this
    const { urn, masterKey, id: installationId } = installation
    const people = config.oidcIssuer
      ? new OutsideIssuer({
          issuer: config.oidcIssuer,
          audience: () => config.oidcAudience ?? publicUrl() ?? urn,
          directory,
          now,
        })
      : new BuiltInIssuer({ keys, directory, origin: publicUrl })
    this.#tokens = new AccessTokens({ keys, urn, now, random })
    this.#verifier = new TokenVerifier({ keys, directory, revision, people, urn, installationId, now })
    this.tokenEndpoint = new TokenEndpoint({
      directory,
      tokens: this.#tokens,
      verifier: this.#verifier,
      masterKey,
      attempts: this.attempts,
      securityLog: this.securityLog,
    })
    this.oidc = config.oidcIssuer
      ? null
      : new OidcIssuer({
          db,
          directory,
          keys,
          masterKey,
          origin: publicUrl,
          now,
          securityLog: this.securityLog,
          errorPage: needs.errorPage,
        })
    this.sessions = new BrowserSessions({
      db,
      directory,
      revision,
      installationId,
      demo: installation.demo,
      origins: needs.ownOrigins,
      publicUrl,
      now,
      random,
    })
  }

  /** Demo people may sign in by choosing themselves. */
  get demo(): boolean {
    return this.installation.demo
  }

  /** @throws Fault INVALID_TOKEN, TOKEN_EXPIRED, TOKEN_REVOKED (401), NOT_INSTALLED (403) */
  async verify(token: string): Promise<Principal> {
    return (await this.#verify(token, undefined)).principal
  }

  /** @throws Fault UNAUTHENTICATED for no credential; as `verify` for a bad one */
  async authenticate(header: string | undefined, options: AuthenticateOptions): Promise<Principal> {
    return (await this.authenticated(header, options)).principal
  }

  /** As `authenticate`, with the end of the credential. */
  async authenticated(header: string | undefined, options: AuthenticateOptions): Promise<Authenticated> {
    const text = header?.trim() ?? ''
    if (text === '') throw authFault.UNAUTHENTICATED()
    const bearer = /^bearer(?:\s+(.*))?$/is.exec(text)
    if (!bearer && (options.scheme === 'bearer' || /\s/.test(text))) throw authFault.UNAUTHENTICATED()
    const token = bearer ? (bearer[1] ?? '') : text
    if (token === '') throw authFault.UNAUTHENTICATED()
    return this.#verify(token, options.siteId)
  }

  /** Who is signed in at the browser; null for nobody. @throws Fault CROSS_SITE for a write from a foreign page */
  async session(request: BrowserRequest): Promise<Principal | null> {
    return this.sessions.principal(request)
  }

  /**
   * @throws Fault UNKNOWN_TENANT, UNKNOWN_PERSON, UNKNOWN_APP, UNKNOWN_SITE, SITE_NEEDED, UNKNOWN_SCOPE, UNKNOWN_PERSON_SCOPE,
   * NOT_INSTALLED
   */
  async mintToken(order: MintToken): Promise<AccessToken> {
    const { tenant, ttlSeconds, notAfter = null } = order
    const life = { ttlSeconds: ttlSeconds ?? PERSON_TOKEN_SECONDS, notAfter }
    if ('operator' in order.for) {
      const its = await this.directory.tenant(tenant)
      if (!its) throw authFault.UNKNOWN_TENANT({ tenant })
      return this.#tokens.sign({ is: 'operator', tenant: its }, [], life)
    }
    if ('person' in order.for) {
      const person = await this.person(tenant, order.for.person)
      const scopes = order.scopes ?? PEOPLE_SCOPES
      const unknown = scopes.find(scope => !(PEOPLE_SCOPES as readonly string[]).includes(scope))
      if (unknown !== undefined) throw authFault.UNKNOWN_PERSON_SCOPE({ scope: unknown.slice(0, 100) })
      return this.#tokens.sign({ is: 'person', person, appId: null }, scopes, life)
    }
    const app = await this.app(tenant, order.for.app)
    const instance = await this.#instanceFor(app, order.for)
    const foreign = order.scopes?.find(scope => !app.scopes.includes(scope))
    if (foreign !== undefined) throw authFault.UNKNOWN_SCOPE({ app: app.name, scope: foreign.slice(0, 100) })
    return this.#tokens.sign({ is: 'app', app, instance }, order.scopes ?? app.scopes, {
      ttlSeconds: ttlSeconds ?? APP_TOKEN_SECONDS,
      notAfter,
    })
  }

  /**
   * The key by which the command line of this machine looks after the whole server. A new one makes the one before with
   * the same label (say, the data directory) void.
   */
  async mintAdminToken(label = 'command line'): Promise<string> {
    const { key, hash } = makeKey(OPERATOR_KEY, this.#needs.random)
    await this.#needs.db.transaction('auth.mint-admin-token', async tx => {
      await tx.query(sql('put-api-key'), [hash, null, null, label, null])
      await this.revision.raise(tx)
    })
    return key
  }

  /**
   * As mintAdminToken, and `hand` gets every further one that takes its place: after all of them were made void, this
   * process makes its own anew. Others do so at their next start.
   */
  async provideServerKey(label: string, hand: (key: string) => void): Promise<void> {
    this.#serverKey = { label, hand }
    hand(await this.mintAdminToken(label))
  }

  /** A key that acts as the app, at the site that `wix-site-id` names. A new one of the same label replaces the old one. */
  async mintApiKey(tenant: string, appIdOrName: string, label: string): Promise<string> {
    const app = await this.app(tenant, appIdOrName)
    const { key, hash } = makeKey(APP_KEY, this.#needs.random)
    await this.#needs.db.transaction('auth.mint-api-key', async tx => {
      await tx.query(sql('put-api-key'), [hash, tenant, app.id, label, null])
      await this.revision.raise(tx)
    })
    return key
  }

  async revokeApiKey(tenant: string, appIdOrName: string, label: string): Promise<void> {
    const app = await this.app(tenant, appIdOrName)
    await this.#needs.db.transaction('auth.revoke-api-key', async tx => {
      await tx.query(sql('drop-api-key'), [tenant, app.id, label])
      await this.revision.raise(tx)
    })
  }

  /** A new secret; the old one, its refresh tokens, its API keys, and every token that was issued to the app are void. */
  async renewApp(tenant: string, idOrName: string): Promise<AppCredentials> {
    const app = await this.app(tenant, idOrName)
    await this.#needs.db.transaction('auth.renew-app', async tx => {
      await tx.query(sql('renew-app'), [tenant, app.id])
      await tx.query(sql('drop-app-keys'), [tenant, app.id])
      await this.revision.raise(tx)
    })
    return this.credentials(tenant, app.id)
  }

  /** Every token that was issued to the app, or to people in it, and its API keys are void. Its secret stays. */
  async revokeApp(tenant: string, idOrName: string): Promise<void> {
    const app = await this.app(tenant, idOrName)
    await this.#needs.db.transaction('auth.revoke-app', async tx => {
      await tx.query(sql('renew-app-tokens'), [tenant, app.id])
      await tx.query(sql('drop-app-keys'), [tenant, app.id])
      await this.revision.raise(tx)
    })
  }

  /** Every operator's token of the tenant is void; null: of every tenant, and the server's own keys. */
  async revokeOperators(tenant: string | null): Promise<void> {
    await this.#needs.db.transaction('auth.revoke-operators', async tx => {
      if (tenant !== null) await tx.query(sql('renew-operators'), [tenant])
      else {
        await tx.query(sql('renew-all-operators'))
        await tx.query(sql('drop-server-keys'))
      }
      await this.revision.raise(tx)
    })
    if (tenant === null) await this.#renewServerKey()
  }

  /**
   * New keys sign tokens. With `now` the old ones verify nothing any more: every token that was signed here is void at once,
   * what the built-in issuer keeps of sign-ins too, and the server's own keys.
   */
  async rotateKeys({ now }: { readonly now: boolean }): Promise<void> {
    await this.keys.rotate({ now })
    if (!now) return
    await this.#needs.db.query(sql('drop-all-oidc'))
    await this.revokeOperators(null)
  }

  async #renewServerKey(): Promise<void> {
    if (this.#serverKey) this.#serverKey.hand(await this.mintAdminToken(this.#serverKey.label))
  }

  /** Every token that was issued to the person is void, refresh tokens included, and every browser is signed out. */
  async revokePerson(tenant: string, idOrUpn: string): Promise<void> {
    const person = await this.person(tenant, idOrUpn)
    await this.#needs.db.transaction('auth.revoke-person', async tx => {
      await tx.query(sql('renew-person'), [tenant, person.id])
      await tx.query(sql('drop-oidc-person'), [person.id])
      await tx.query(sql('drop-person-sessions'), [tenant, person.id])
      await this.revision.raise(tx)
    })
  }

  /** Sessions, sign-in links and what the built-in issuer keeps, once their time is up. Gives back how many went. */
  async dropExpired(): Promise<number> {
    const { db, now } = this.#needs
    const statements = ['drop-expired-sessions', 'drop-expired-links', 'drop-expired-oidc']
    const gone = await Promise.all(statements.map(name => db.query(sql(name), [now()])))
    return gone.reduce((sum, rows) => sum + rows.length, 0)
  }

  async credentials(tenant: string, idOrName: string): Promise<AppCredentials> {
    const app = await this.app(tenant, idOrName)
    const instances = (await this.directory.instances(tenant)).filter(instance => instance.appId === app.id)
    type KeyRow = { label: string; created_at: Date }
    const apiKeys = await this.#needs.db.query<KeyRow>(sql('app-keys'), [tenant, app.id])
    return {
      name: app.name,
      clientId: app.id,
      clientSecret: app.secret === null ? deriveSecret(this.installation.masterKey, app) : null,
      scopes: app.scopes,
      instances: instances.map(instance => ({
        name: instance.name,
        instanceId: instance.id,
        siteId: instance.siteId,
        refreshToken: this.tokenEndpoint.refreshToken(app, instance),
      })),
      apiKeys: apiKeys.map(({ label, created_at }) => ({ label, createdAt: created_at.toISOString() })),
    }
  }

  /** @throws Fault UNKNOWN_PERSON */
  async person(tenant: string, idOrUpn: string): Promise<Person> {
    const person = await this.directory.user(tenant, idOrUpn)
    if (!person) throw authFault.UNKNOWN_PERSON({ tenant, person: idOrUpn })
    return person
  }

  /** @throws Fault UNKNOWN_APP */
  async app(tenant: string, idOrName: string): Promise<App> {
    const app = await this.directory.app(tenant, idOrName)
    if (!app) throw authFault.UNKNOWN_APP({ tenant, app: idOrName })
    return app
  }

  async #instanceFor(
    app: App,
    { site, instanceId }: { readonly site?: string; readonly instanceId?: string | null },
  ): Promise<SiteInstance | null> {
    if (instanceId === null) return null
    if (instanceId !== undefined) {
      const instance = await this.directory.instance(app, instanceId)
      if (!instance) throw authFault.NOT_INSTALLED()
      return instance
    }
    const all = (await this.directory.instances(app.tenant)).filter(each => each.appId === app.id)
    const meant =
      site === undefined
        ? all
        : all.filter(({ id, siteId, name }) => [id, siteId, name.toLowerCase()].includes(site.toLowerCase()))
    if (meant.length === 1) return meant[0]!
    if (all.length === 0 && site === undefined) return null
    const sites = siteNames(meant.length === 0 ? all : meant)
    if (meant.length === 0) throw authFault.UNKNOWN_SITE({ app: app.name, site: site!.slice(0, 100), sites })
    throw authFault.SITE_NEEDED({ app: app.name, sites })
  }

  async #verify(token: string, siteId: string | undefined): Promise<Authenticated> {
    if (!token.startsWith(APP_KEY) && !token.startsWith(OPERATOR_KEY)) return this.#verifier.verify(token)
    const found = await this.directory.apiKey(hashKey(token))
    if (!found) throw authFault.INVALID_TOKEN()
    const { expiresAt } = found
    if (expiresAt !== null && expiresAt <= this.#needs.now()) throw authFault.TOKEN_EXPIRED()
    return { principal: await this.#holderOf(found, siteId), expiresAt }
  }

  async #holderOf(found: ApiKey, siteId: string | undefined): Promise<Principal> {
    if (found.tenant === null || found.appId === null) {
      const tenants = await this.directory.tenants()
      // With several tenants it belongs to none of them: whoever works in one mints an operator's token for it.
      const tenant = tenants.length === 1 ? tenants[0]!.id : ''
      return operatorPrincipal({ id: this.installation.id, tenant, server: true })
    }
    const app = await this.directory.app(found.tenant, found.appId)
    if (!app) throw authFault.TOKEN_REVOKED()
    if (siteId === undefined || siteId === '') {
      // An app that is at one site only needs not say which.
      const own = (await this.directory.instances(app.tenant)).filter(instance => instance.appId === app.id)
      return appPrincipal(app, app.scopes, own.length === 1 ? own[0]! : null)
    }
    const instance = isGuid(siteId) ? await this.directory.instanceAt(app, siteId) : null
    if (!instance) throw authFault.NOT_INSTALLED()
    return appPrincipal(app, app.scopes, instance)
  }
}

/** The first twenty, those of the same name told apart. */
function siteNames(all: readonly SiteInstance[]): string {
  const most = 20
  const names = all
    .slice(0, most)
    .map(({ name, siteId }) =>
      all.some(other => other.name === name && other.siteId !== siteId) ? `${name} (${siteId})` : name,
    )
  const more = all.length > most ? ` and ${all.length - most} more` : ''
  return `${names.join(', ') || 'none'}${more}`
}
