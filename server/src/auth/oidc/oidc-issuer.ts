// The built-in issuer of people's tokens: OpenID Connect with the authorization code flow and PKCE. It finds
// people in the directory and asks nobody for a password: it takes the person who is signed in at the browser (see BrowserSessions).

import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { compactVerify } from 'jose'
import type { Configuration, KoaContextWithOIDC, Provider, Session } from 'oidc-provider'
import type { Database } from '../../store/database.ts'
import type { Directory, Person } from '../directory/directory.ts'
import { authFault } from '../faults.ts'
import { PEOPLE_SCOPES, peopleScopesOf, readScopes } from '../scopes.ts'
import type { AuditContext, SecurityFacts, SecurityLog } from '../security-log.ts'
import type { SigningKeys } from '../tokens/signing-keys.ts'
import { type OidcLibrary, oidcLibrary } from './load-oidc-library.ts'
import { OidcAdapter } from './oidc-adapter.ts'
import { OIDC_PATH } from './people-issuer.ts'

type OidcIssuerParts = {
  readonly db: Database
  readonly directory: Directory
  readonly keys: SigningKeys
  readonly masterKey: Buffer
  readonly origin: () => string | null
  readonly now: () => Date
  readonly securityLog: SecurityLog
  readonly errorPage?: ErrorPage | undefined
}

/** The page that a browser shows for a refusal, and the content security policy of that page. */
export type ErrorPage = (error: {
  readonly status: number
  readonly code: string
  readonly detail: string
}) => { readonly text: string; readonly policy: string }

/** Path of the page at which somebody signs in for an app; the interaction's id follows. */
export const INTERACTION_PATH = `${OIDC_PATH}/interaction/`
/** Where an app begins to sign somebody in. */
const AUTHORIZATION_PATH = `${OIDC_PATH}/auth`
/** Where an app signs somebody out (OpenID Connect RP-Initiated Logout). */
export const END_SESSION_PATH = `${OIDC_PATH}/session/end`

/** A request of a browser and its answer. */
export type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse }

const COOKIES = {
  session: 'standdown_oidc',
  interaction: 'standdown_oidc_step',
  resume: 'standdown_oidc_resume',
}
const ACCESS_SECONDS = 3600
const OIDC_SCOPES = ['openid', 'offline_access', 'profile', 'email']

export class OidcIssuer {
  readonly #parts: OidcIssuerParts
  #made: { readonly provider: Provider; readonly signedBy: string } | null = null
  readonly #contexts = new WeakMap<IncomingMessage, AuditContext>()

  constructor(parts: OidcIssuerParts) {
    this.#parts = parts
  }

  /** Answers a request below {@link OIDC_PATH}. The server must be listening. */
  async answer({ request, response }: Exchange, context: AuditContext): Promise<void> {
    await this.#parts.keys.follow()
    this.#contexts.set(request, context)
    const provider = await this.#provider()
    this.#under(request)
    const url = request.url ?? ''
    // As a mounted handler: the issuer routes by the path after its own prefix, and builds links from the whole path.
    Object.assign(request, { originalUrl: url })
    request.url = url.slice(OIDC_PATH.length) || '/'
    await provider.callback()(request, response)
  }

  /** Whether the request belongs to an interaction that is under way at this browser. */
  async isInteraction(exchange: Exchange): Promise<boolean> {
    return (await this.#interaction(exchange)) !== undefined
  }

  /** Continues the interaction as `person`; resolves with the address to redirect to. @throws Fault LINK_USED */
  async finish(exchange: Exchange, person: Person): Promise<string> {
    const interaction = await this.#interaction(exchange)
    if (interaction === undefined) throw authFault.LINK_USED()
    const { session, params } = interaction
    const isTheirs = session === undefined || session.accountId === person.id
    if (
      isTheirs &&
      (session === undefined || (await (await this.#provider()).Session.findByUid(session.uid)))
    ) {
      // The workspace file is the consent (see loadExistingGrant): if the client asks for consent, it is given.
      const result = { login: { accountId: person.id }, consent: {} }
      return (await this.#provider()).interactionResult(exchange.request, exchange.response, result)
    }
    // It was begun in a session that has ended or belongs to another person, so it is begun again.
    await interaction.destroy()
    await this.follow(exchange, person)
    const texts = Object.entries(params).filter(([, value]) => typeof value === 'string')
    return `${AUTHORIZATION_PATH}?${new URLSearchParams(texts as [string, string][])}`
  }

  /** Found by the browser's cookie: the id in an address alone is not accepted. */
  async #interaction({ request, response }: Exchange) {
    this.#under(request)
    const provider = await this.#provider()
    const id = provider.createContext(request, response).cookies.get(COOKIES.interaction)
    return id === undefined ? undefined : provider.Interaction.find(id)
  }

  /** Keeps the issuer's session at a browser only if it is of the person who is signed in there, and ends any other. */
  async follow(exchange: Exchange, person: Pick<Person, 'id'> | null): Promise<void> {
    const session = await this.#session(exchange)
    if (session.accountId !== undefined && session.accountId !== person?.id) await this.#end(session)
  }

  /** Ends the issuer's session at a browser and the grants of apps in it, with their refresh tokens. */
  async forget(exchange: Exchange): Promise<void> {
    await this.#end(await this.#session(exchange))
  }

  async #session({ request, response }: Exchange): Promise<Session> {
    this.#under(request)
    const provider = await this.#provider()
    return provider.Session.get(provider.createContext(request, response))
  }

  async #end(session: Session): Promise<void> {
    const { AccessToken, AuthorizationCode, RefreshToken, Grant } = await this.#provider()
    for (const { grantId } of Object.values(session.authorizations ?? {})) {
      if (grantId === undefined) continue
      for (const model of [AccessToken, AuthorizationCode, RefreshToken]) await model.revokeByGrantId(grantId)
      await (await Grant.find(grantId))?.destroy()
    }
    await session.destroy()
  }

  /** The person that an identity token of ours names, expired or not, and the app it was made for; null for any other token. */
  async readHint(token: string): Promise<{ readonly personId: string; readonly appId: string } | null> {
    try {
      const { payload, protectedHeader } = await compactVerify(token, async ({ kid = '' }) => {
        const key = await this.#parts.keys.verifier(kid, 'RS256')
        if (!key) throw new Error('no such key')
        return key.publicKey
      })
      const { iss, sub, aud } = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>
      if (protectedHeader.alg !== 'RS256' || iss !== `${this.#origin()}${OIDC_PATH}`) return null
      return typeof sub === 'string' && typeof aud === 'string' ? { personId: sub, appId: aud } : null
    } catch {
      return null
    }
  }

  /** Whether a browser may be redirected there for the app: its redirect URIs are accepted. */
  async mayReturnTo(appId: string, uri: string): Promise<boolean> {
    const { Client } = await this.#provider()
    const client = await Client.find(appId).catch(() => undefined)
    return client?.redirectUriAllowed(uri) ?? false
  }

  /** Links are made from the public URL. The request's Host and X-Forwarded-* headers are ignored. */
  #under(request: IncomingMessage): void {
    const { host, protocol } = new URL(this.#origin())
    request.headers.host = host
    request.headers['x-forwarded-host'] = host
    request.headers['x-forwarded-proto'] = protocol.slice(0, -1)
  }

  #origin(): string {
    const origin = this.#parts.origin()
    if (origin === null) throw new Error('the issuer is known after listen only')
    return origin
  }

  async #provider(): Promise<Provider> {
    const library = await oidcLibrary()
    const { kid } = this.#parts.keys.signer('ES256')
    if (this.#made?.signedBy === kid) return this.#made.provider
    const issuer = `${this.#origin()}${OIDC_PATH}`
    const provider = new library.Provider(issuer, this.#configuration(library.errors))
    provider.proxy = true
    provider.on('grant.success', ctx => this.#record('token_granted', ctx))
    provider.on('grant.error', (ctx, error) => this.#record('token_refused', ctx, { code: error.error }))
    provider.on('authorization.error', (ctx, error) =>
      this.#record('token_refused', ctx, { code: error.error }),
    )
    this.#made = { provider, signedBy: kid }
    return provider
  }

  /** The log line has no text of the request, except the id of a known app and the name of a known kind of grant. */
  #record(
    event: 'token_granted' | 'token_refused',
    ctx: KoaContextWithOIDC,
    facts: SecurityFacts = {},
  ): void {
    const context = this.#contexts.get(ctx.req)
    if (!context) return
    const { client, entities, route } = ctx.oidc
    const person = entities.Account?.accountId
    const by = person === undefined ? null : `user:${person}`
    this.#parts.securityLog.record(
      event,
      { ...context, by },
      { app: client?.clientId, grant: `oidc ${route}`, ...facts },
    )
  }

  #configuration(errors: OidcLibrary['errors']): Configuration {
    const { db, directory, keys, masterKey, now } = this.#parts
    const resource = this.#origin()
    const known = new Set<string>(PEOPLE_SCOPES)
    const cookieKey = createHmac('sha256', masterKey).update('oidc-cookies').digest('base64url')
    return {
      adapter: kind => new OidcAdapter(kind, { db, directory, now }),
      jwks: { keys: keys.all().map(key => key.privateJwk) as never },
      cookies: {
        keys: [cookieKey],
        names: COOKIES,
      },
      scopes: OIDC_SCOPES,
      claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
      pkce: { required: () => true },
      responseTypes: ['code'],
      clientDefaults: { token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'RS256' },
      clientBasedCORS: (_ctx, origin, client) =>
        (client.redirectUris ?? []).some(uri => originOf(uri) === origin),
      discovery: { end_session_endpoint: `${resource}${END_SESSION_PATH}` },
      interactions: { url: (_ctx, interaction) => `${INTERACTION_PATH}${interaction.uid}` },
      ttl: {
        AccessToken: ACCESS_SECONDS,
        AuthorizationCode: 60,
        IdToken: ACCESS_SECONDS,
        Interaction: 600,
        Session: 7 * 86_400,
        Grant: 30 * 86_400,
        RefreshToken: 30 * 86_400,
      },
      features: {
        devInteractions: { enabled: false },
        revocation: { enabled: true },
        rpInitiatedLogout: { enabled: false },
        userinfo: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => resource,
          useGrantedResource: () => true,
          async getResourceServerInfo(ctx, indicator, client) {
            if (indicator.replace(/\/$/, '') !== resource) throw new errors.InvalidTarget()
            const app = await directory.appAnywhere(client.clientId)
            const allowed = app ? peopleScopesOf(app) : []
            // A scope that the request names is refused. A scope that was granted before and that the app lost since is left out.
            const requested = readScopes(String(ctx.oidc.params?.scope ?? '')).names
            const foreign = requested.find(scope => known.has(scope) && !allowed.includes(scope))
            if (foreign !== undefined)
              throw new errors.InvalidScope('the app does not have this scope', foreign)
            return {
              scope: allowed.join(' '),
              audience: resource,
              accessTokenFormat: 'jwt',
              accessTokenTTL: ACCESS_SECONDS,
              jwt: { sign: { alg: 'ES256' } },
            }
          },
        },
      },
      async findAccount(_ctx, id) {
        const person = await directory.personAnywhere(id)
        if (!person) return undefined
        const { name, upn, mail } = person
        return { accountId: id, claims: () => ({ sub: id, name, preferred_username: upn, email: mail }) }
      },
      async extraTokenClaims(_ctx, token) {
        const id = 'accountId' in token ? token.accountId : undefined
        const person = id === undefined ? null : await directory.personAnywhere(id)
        const app = token.clientId === undefined ? null : await directory.appAnywhere(token.clientId)
        if (!person || !app) return undefined
        const { tenant, generation, upn } = person
        return { tid: tenant, gen: generation, agen: app.generation, idtyp: 'user', upn }
      },
      /** The operator of the server declares the apps, so nobody else has to consent. */
      async loadExistingGrant(ctx) {
        const { client, session, params, provider } = ctx.oidc
        if (!client || !session?.accountId) return undefined
        const [person, app] = await Promise.all([
          directory.personAnywhere(session.accountId),
          directory.appAnywhere(client.clientId),
        ])
        // An app signs in people of its own tenant only.
        if (!person || person.tenant !== app?.tenant)
          throw new errors.AccessDenied('the app belongs to another tenant')
        const grantId = session.grantIdFor(client.clientId)
        const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
        const grant = known ?? new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
        const requested = readScopes(typeof params?.scope === 'string' ? params.scope : '').names
        grant.addOIDCScope(OIDC_SCOPES.join(' '))
        grant.addResourceScope(
          resource,
          peopleScopesOf(app)
            .filter(scope => requested.includes(scope))
            .join(' '),
        )
        await grant.save()
        return grant
      },
      // Only for browsers: programs get the issuer's own JSON.
      renderError: async (ctx, out) => {
        const { error: code, error_description: detail = code } = out
        const page = this.#parts.errorPage?.({ status: ctx.status, code, detail })
        ctx.vary('Accept')
        if (page) ctx.set('content-security-policy', page.policy)
        ctx.type = page ? 'text/html' : 'text/plain'
        ctx.body = page?.text ?? `${code}: ${detail}\n`
      },
    }
  }
}

function originOf(uri: string): string | null {
  return URL.canParse(uri) ? new URL(uri).origin : null
}
