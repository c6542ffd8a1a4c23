// The built-in issuer of people's tokens: OpenID Connect with the authorization code flow and PKCE. It knows people by
// the directory and asks nobody for a password: whoever is signed in at the browser goes on (see BrowserSessions).

import { createHmac } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import Provider, { type Configuration, errors } from 'oidc-provider'
import type { Database } from '../store/database.ts'
import type { Directory, Person } from './directory.ts'
import { OidcAdapter } from './oidc-adapter.ts'
import { OIDC_PATH } from './people-issuer.ts'
import { PEOPLE_SCOPES, readScopes } from './scopes.ts'
import type { SigningKeys } from './signing-keys.ts'

export type OidcIssuerParts = {
  readonly db: Database
  readonly directory: Directory
  readonly keys: SigningKeys
  readonly masterKey: Buffer
  readonly origin: () => string | null
  readonly now: () => Date
}

/** Path of the page at which somebody signs in for an app; the interaction's id follows. */
export const INTERACTION_PATH = `${OIDC_PATH}/interaction/`

const ACCESS_SECONDS = 3600
const OIDC_SCOPES = ['openid', 'offline_access', 'profile', 'email']

export class OidcIssuer {
  readonly #parts: OidcIssuerParts
  #made: { readonly provider: Provider; readonly signedBy: string } | null = null

  constructor(parts: OidcIssuerParts) {
    this.#parts = parts
  }

  /** Answers a request below {@link OIDC_PATH}. The server must be listening. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const provider = this.#provider()
    this.#under(request)
    const url = request.url ?? ''
    // As a mount would: the issuer routes by what comes after its path, and builds links from the whole.
    Object.assign(request, { originalUrl: url })
    request.url = url.slice(OIDC_PATH.length) || '/'
    await provider.callback()(request, response)
  }

  /** Whether the request belongs to an interaction that is under way at this browser. */
  async isInteraction(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    this.#under(request)
    try {
      await this.#provider().interactionDetails(request, response)
      return true
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return false
      throw error
    }
  }

  /** Goes on with the interaction as `person`: answers with a redirect. */
  async finish(exchange: {
    request: IncomingMessage
    response: ServerResponse
    person: Person
  }): Promise<void> {
    const { request, response, person } = exchange
    this.#under(request)
    // Consent is the workspace file's (see loadExistingGrant): asked for by the client, it is given.
    const result = { login: { accountId: person.id }, consent: {} }
    await this.#provider().interactionFinished(request, response, result)
  }

  /** Links are made of the public URL; what the client says in Host or X-Forwarded-* is not looked at. */
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

  #provider(): Provider {
    const { kid } = this.#parts.keys.signer('ES256')
    if (this.#made?.signedBy === kid) return this.#made.provider
    const provider = new Provider(`${this.#origin()}${OIDC_PATH}`, this.#configuration())
    provider.proxy = true
    this.#made = { provider, signedBy: kid }
    return provider
  }

  #configuration(): Configuration {
    const { db, directory, keys, masterKey, now } = this.#parts
    const resource = this.#origin()
    const cookieKey = createHmac('sha256', masterKey).update('oidc-cookies').digest('base64url')
    return {
      adapter: kind => new OidcAdapter(kind, { db, directory, now }),
      jwks: { keys: keys.all().map(key => key.privateJwk) as never },
      cookies: {
        keys: [cookieKey],
        names: {
          session: 'standdown_oidc',
          interaction: 'standdown_oidc_step',
          resume: 'standdown_oidc_resume',
        },
      },
      scopes: OIDC_SCOPES,
      claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
      pkce: { required: () => true },
      responseTypes: ['code'],
      clientDefaults: { token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'RS256' },
      clientBasedCORS: (_ctx, origin, client) =>
        (client.redirectUris ?? []).some(uri => originOf(uri) === origin),
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
          getResourceServerInfo(_ctx, indicator) {
            if (indicator.replace(/\/$/, '') !== resource) throw new errors.InvalidTarget()
            return {
              scope: PEOPLE_SCOPES.join(' '),
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
        return person
          ? { tid: person.tenant, gen: person.generation, idtyp: 'user', upn: person.upn }
          : undefined
      },
      /** Apps are declared by who runs the server: nobody else has to agree. */
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
        const asked = readScopes(typeof params?.scope === 'string' ? params.scope : '').names
        grant.addOIDCScope(OIDC_SCOPES.join(' '))
        grant.addResourceScope(resource, PEOPLE_SCOPES.filter(scope => asked.includes(scope)).join(' '))
        await grant.save()
        return grant
      },
      async renderError(ctx, out) {
        ctx.type = 'text/plain'
        ctx.body = `${out.error}: ${out.error_description ?? ''}\n`
      },
    }
  }
}

function originOf(uri: string): string | null {
  return URL.canParse(uri) ? new URL(uri).origin : null
}
