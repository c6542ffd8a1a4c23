// Who is calling: the face of this room. Every API asks here who its caller is, and what that caller may do, and nowhere else.
// This room owns people, apps, tokens, keys, browser sessions and sign-in. It must not know what callers do with their rights:
// no event, no meeting, no route. It imports no API and no domain.

import type { Config } from '../config/config.ts'
import type { Random } from '../core/ids.ts'
import type { Principal } from '../core/principal.ts'
import type { Database } from '../store/database.ts'
import { Attempts } from './attempts.ts'
import { type Authenticated, type AuthenticateOptions, Authenticator } from './authenticator.ts'
import { type App, Directory, type Person } from './directory/directory.ts'
import { requireApp, requirePerson } from './directory/require-known.ts'
import { type DemoConfig, type Installation, openInstallation } from './installation.ts'
import { type ErrorPage, OidcIssuer } from './oidc/oidc-issuer.ts'
import { OutsideIssuer } from './oidc/outside-issuer.ts'
import { BuiltInIssuer } from './oidc/people-issuer.ts'
import { Revision } from './revision.ts'
import { Revocation } from './revocation.ts'
import { SecurityLog } from './security-log.ts'
import { type BrowserRequest, BrowserSessions } from './sessions/browser-sessions.ts'
import { sql } from './statements.ts'
import { type AccessToken, AccessTokens } from './tokens/access-tokens.ts'
import { ApiKeys } from './tokens/api-keys.ts'
import { deriveSecret } from './tokens/app-secrets.ts'
import { type MintToken, mintToken } from './tokens/mint-token.ts'
import { SigningKeys } from './tokens/signing-keys.ts'
import { TokenEndpoint } from './tokens/token-endpoint.ts'
import { TokenVerifier } from './tokens/token-verifier.ts'

export type { Authenticated, AuthenticateOptions, MintToken }

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

type AuthNeeds = {
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
  readonly #authenticator: Authenticator
  readonly #apiKeys: ApiKeys
  readonly #revocation: Revocation

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
    const verifier = new TokenVerifier({ keys, directory, revision, people, urn, installationId, now })
    this.#authenticator = new Authenticator({ directory, verifier, installationId, now })
    this.#apiKeys = new ApiKeys({ db, revision, random })
    this.#revocation = new Revocation({ db, revision, keys, apiKeys: this.#apiKeys })
    this.tokenEndpoint = new TokenEndpoint({
      directory,
      tokens: this.#tokens,
      verifier,
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
    return (await this.#authenticator.verify(token, undefined)).principal
  }

  /** @throws Fault UNAUTHENTICATED for no credential; as `verify` for a bad one */
  async authenticate(header: string | undefined, options: AuthenticateOptions): Promise<Principal> {
    return (await this.authenticated(header, options)).principal
  }

  /** As `authenticate`, with the end of the credential. */
  async authenticated(header: string | undefined, options: AuthenticateOptions): Promise<Authenticated> {
    return this.#authenticator.authenticate(header, options)
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
    return mintToken({ directory: this.directory, tokens: this.#tokens }, order)
  }

  /**
   * The key with which the command line of this machine operates the whole server. A new one makes the earlier one with the
   * same label (for example the data directory) void.
   */
  async mintAdminToken(label = 'command line'): Promise<string> {
    return this.#apiKeys.mintForServer(label)
  }

  /**
   * As mintAdminToken. `hand` is also called with each later key that replaces this one: when all server keys were made void by
   * this process, it makes its own again. Other processes do so at their next start.
   */
  async provideServerKey(label: string, hand: (key: string) => void): Promise<void> {
    await this.#apiKeys.provideServerKey(label, hand)
  }

  /** A key that acts as the app, at the site that `wix-site-id` names. A new one of the same label replaces the old one. */
  async mintApiKey(tenant: string, appIdOrName: string, label: string): Promise<string> {
    return this.#apiKeys.mintForApp(await this.app(tenant, appIdOrName), label)
  }

  async revokeApiKey(tenant: string, appIdOrName: string, label: string): Promise<void> {
    await this.#apiKeys.revoke(await this.app(tenant, appIdOrName), label)
  }

  /** A new secret; the old one, its refresh tokens, its API keys, and every token that was issued to the app are void. */
  async renewApp(tenant: string, idOrName: string): Promise<AppCredentials> {
    const app = await this.app(tenant, idOrName)
    await this.#revocation.renewApp(app)
    return this.credentials(tenant, app.id)
  }

  /** Every token that was issued to the app, or to people in it, and its API keys are void. Its secret stays. */
  async revokeApp(tenant: string, idOrName: string): Promise<void> {
    await this.#revocation.revokeApp(await this.app(tenant, idOrName))
  }

  /** Every operator's token of the tenant is void; null: of every tenant, and the server's own keys. */
  async revokeOperators(tenant: string | null): Promise<void> {
    await this.#revocation.revokeOperators(tenant)
  }

  /**
   * New keys sign tokens. With `now` the old ones verify nothing any more: every token that was signed here is void at once,
   * and so are the sign-ins that the built-in issuer keeps, and the server's own keys.
   */
  async rotateKeys({ now }: { readonly now: boolean }): Promise<void> {
    await this.#revocation.rotateKeys({ now })
  }

  /** Every token that was issued to the person is void, refresh tokens included, and every browser is signed out. */
  async revokePerson(tenant: string, idOrUpn: string): Promise<void> {
    await this.#revocation.revokePerson(await this.person(tenant, idOrUpn))
  }

  /** Deletes expired sessions, sign-in links and rows of the built-in issuer. Returns how many it deleted. */
  async dropExpired(): Promise<number> {
    const { db, now } = this.#needs
    const statements = ['drop-expired-sessions', 'drop-expired-links', 'drop-expired-oidc']
    const gone = await Promise.all(statements.map(name => db.query(sql(name), [now()])))
    return gone.reduce((sum, rows) => sum + rows.length, 0)
  }

  async credentials(tenant: string, idOrName: string): Promise<AppCredentials> {
    const app = await this.app(tenant, idOrName)
    const instances = (await this.directory.instances(tenant)).filter(instance => instance.appId === app.id)
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
      apiKeys: await this.#apiKeys.list(app),
    }
  }

  /** @throws Fault UNKNOWN_PERSON */
  async person(tenant: string, idOrUpn: string): Promise<Person> {
    return requirePerson(this.directory, tenant, idOrUpn)
  }

  /** @throws Fault UNKNOWN_APP */
  async app(tenant: string, idOrName: string): Promise<App> {
    return requireApp(this.directory, tenant, idOrName)
  }
}
