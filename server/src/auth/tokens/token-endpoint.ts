// The token endpoints for apps: standard OAuth 2.0 client credentials, and the requests of Wix's SDK.

import { Fault } from '../../core/fault.ts'
import type { Attempts } from '../attempts.ts'
import type { App, Directory, SiteInstance } from '../directory/directory.ts'
import { grantFault } from '../faults.ts'
import { readScopes } from '../scopes.ts'
import type { AuditContext, SecurityLog } from '../security-log.ts'
import { type AccessTokens, APP_TOKEN_SECONDS } from './access-tokens.ts'
import { deriveRefreshToken, isRefreshTokenOf, isSecretOf, readRefreshToken } from './app-secrets.ts'
import type { TokenVerifier } from './token-verifier.ts'

/** Parameters of a token request, from a form or a JSON body; values that are no text are left out. */
export type GrantRequest = {
  readonly parameters: { readonly [name: string]: string | undefined }
  /** `Authorization: Basic …`, when the client sends its secret there. */
  readonly authorization?: string | undefined
  /** The tenant in the address, if it has one: apps of other tenants are unknown there. */
  readonly tenant?: string
  readonly context: AuditContext
}

export type Granted = {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
}

/** The token response, and the app that it is for. */
type Grant = { readonly granted: Granted; readonly app: App; readonly instance: SiteInstance | null }

type TokenInfo =
  | { readonly active: false }
  | {
      readonly active: true
      readonly clientId: string | null
      readonly instanceId: string | null
      readonly siteId: string | null
      readonly subjectType: 'APP' | 'USER'
      readonly subjectId: string
      /** Seconds since 1970, as texts: what Wix sends. Null: it does not expire. */
      readonly exp: string | null
      readonly iat: string | null
    }

type TokenEndpointParts = {
  readonly directory: Directory
  readonly tokens: AccessTokens
  readonly verifier: TokenVerifier
  readonly masterKey: Buffer
  readonly attempts: Attempts
  readonly securityLog: SecurityLog
}

const LONGEST_PARAMETER = 10_000

export class TokenEndpoint {
  readonly #parts: TokenEndpointParts

  constructor(parts: TokenEndpointParts) {
    this.#parts = parts
  }

  /** POST /oauth2/token. @throws Fault of {@link grantFault} */
  async token(request: GrantRequest): Promise<Granted> {
    return this.#recorded(request, () => this.#token(request))
  }

  /** POST /oauth/access: Wix's older endpoint. Every token request of an SDK with a refresh token comes here, uncached. */
  async access(request: GrantRequest): Promise<Granted> {
    return this.#recorded(request, async () => {
      const { grant_type: grantType } = checked(request.parameters)
      if (grantType === 'refresh_token') return this.#refresh(request)
      if (grantType === undefined) throw grantFault.invalid_request({ detail: 'grant_type is missing.' })
      throw unsupported(grantType)
    })
  }

  async #token(request: GrantRequest): Promise<Grant> {
    const { grant_type: grantType } = checked(request.parameters)
    switch (grantType) {
      case 'client_credentials':
        return this.#clientCredentials(request)
      case 'refresh_token':
        return this.#refresh(request)
      case 'strip_bound_session':
        return this.#unbind(request)
      case undefined:
        throw grantFault.invalid_request({ detail: 'grant_type is missing.' })
      default:
        throw unsupported(grantType)
    }
  }

  /** Records in the security log who was granted a token and who was refused one. */
  async #recorded(request: GrantRequest, work: () => Promise<Grant>): Promise<Granted> {
    const { securityLog } = this.#parts
    const { context } = request
    try {
      const { granted, app, instance } = await work()
      securityLog.record(
        'token_granted',
        { ...context, by: `app:${app.id}` },
        { tenant: app.tenant, app: app.id, instance: instance?.id, grant: grantOf(request) },
      )
      return granted
    } catch (error) {
      if (error instanceof Fault && error.status < 500) {
        const app = await this.#claimed(request)
        securityLog.record('token_refused', context, {
          tenant: app?.tenant,
          // Only the id of a known app: a text in that position may be a secret by mistake.
          app: app?.id,
          grant: grantOf(request),
          code: error.code,
        })
      }
      throw error
    }
  }

  /** The app that the request claims to come from, if it exists. */
  async #claimed({ parameters, authorization }: GrantRequest): Promise<App | null> {
    const id = parameters.client_id ?? (authorization === undefined ? undefined : basicId(authorization))
    return id === undefined ? null : this.#parts.directory.appAnywhere(id)
  }

  /** POST /oauth2/token-info, for access and refresh tokens. Whoever holds a token may ask what it is. */
  async info(token: string): Promise<TokenInfo> {
    if (readRefreshToken(token)) {
      const found = await this.#refreshedApp(token)
      if (!found) return { active: false }
      const { id } = found.app
      return {
        ...about(id, found.instance),
        active: true,
        subjectType: 'APP',
        subjectId: id,
        exp: null,
        iat: null,
      }
    }
    try {
      const { principal, issuedAt, expiresAt } = await this.#parts.verifier.verify(token)
      const { appId, siteInstanceId } = principal
      const app = appId === null ? null : await this.#parts.directory.app(principal.tenant, appId)
      const instance =
        app && siteInstanceId ? await this.#parts.directory.instance(app, siteInstanceId) : null
      return {
        ...about(appId, instance),
        active: true,
        subjectType: principal.kind === 'app' ? 'APP' : 'USER',
        subjectId: principal.id,
        exp: seconds(expiresAt),
        iat: issuedAt && seconds(issuedAt),
      }
    } catch (error) {
      if (error instanceof Fault && error.status < 500) return { active: false }
      throw error
    }
  }

  async #clientCredentials(request: GrantRequest): Promise<Grant> {
    const app = await this.#client(request)
    const { instance_id: instanceId, scope } = request.parameters
    let instance: SiteInstance | null = null
    if (instanceId !== undefined) {
      instance = await this.#parts.directory.instance(app, instanceId)
      if (!instance)
        throw grantFault.invalid_grant({ detail: 'The app is not installed under that instance_id.' })
    }
    return this.#grant(app, instance, scope)
  }

  async #refresh(request: GrantRequest): Promise<Grant> {
    const app = await this.#client(request)
    const { refresh_token: token } = request.parameters
    if (token === undefined) throw grantFault.invalid_request({ detail: 'refresh_token is missing.' })
    const found = await this.#refreshedApp(token)
    if (!found || found.app.id !== app.id) {
      throw grantFault.invalid_grant({ detail: 'The refresh token is not valid for this app.' })
    }
    const grant = await this.#grant(app, found.instance, request.parameters.scope)
    return { ...grant, granted: { ...grant.granted, refresh_token: token } }
  }

  /** Wix: an app's backend turns a token that its page was given into one of its own. */
  async #unbind(request: GrantRequest): Promise<Grant> {
    const { access_token: token, client_secret: secret, scope } = checked(request.parameters)
    if (token === undefined || secret === undefined) {
      throw grantFault.invalid_request({ detail: 'access_token and client_secret are needed.' })
    }
    const { principal } = await this.#parts.verifier.verify(token).catch((error: unknown) => {
      if (error instanceof Fault && error.status < 500)
        throw grantFault.invalid_grant({ detail: error.message }, error)
      throw error
    })
    const app =
      principal.appId === null ? null : await this.#parts.directory.app(principal.tenant, principal.appId)
    this.#prove(app, app?.id ?? '', { secret, context: request.context })
    const { siteInstanceId } = principal
    return this.#grant(
      app,
      siteInstanceId ? await this.#parts.directory.instance(app, siteInstanceId) : null,
      scope,
    )
  }

  async #refreshedApp(token: string): Promise<{ readonly app: App; readonly instance: SiteInstance } | null> {
    const parsed = readRefreshToken(token)
    const app = parsed && (await this.#parts.directory.appAnywhere(parsed.appId))
    if (!app || !isRefreshTokenOf(this.#parts.masterKey, app, { token, instanceId: parsed.instanceId }))
      return null
    const instance = await this.#parts.directory.instance(app, parsed.instanceId)
    return instance && { app, instance }
  }

  /** The app that sends the request: id and secret in the parameters or in a Basic header, not in both. */
  async #client({ parameters, authorization, tenant, context }: GrantRequest): Promise<App> {
    checked(parameters)
    const basic = authorization === undefined ? null : readBasic(authorization)
    if (basic && parameters.client_secret !== undefined) {
      throw grantFault.invalid_request({
        detail: 'The secret was sent twice: in the header and in the body.',
      })
    }
    const id = basic?.id ?? parameters.client_id
    const secret = basic?.secret ?? parameters.client_secret
    if (id === undefined || secret === undefined) throw grantFault.invalid_client()
    const app = await this.#parts.directory.appAnywhere(id)
    this.#prove(app, id, { secret, context })
    if (tenant !== undefined && tenant !== app.tenant) throw grantFault.invalid_client()
    return app
  }

  /** Verifies the app's secret. `claimed`: the id in the request, known or not. @throws Fault slow_down, invalid_client */
  #prove(
    app: App | null,
    claimed: string,
    { secret, context }: { readonly secret: string; readonly context: AuditContext },
  ): asserts app is App {
    const { attempts, masterKey } = this.#parts
    const attempt = { client: claimed, address: context.from }
    const retryAfterSeconds = attempts.waitSeconds(attempt)
    if (retryAfterSeconds !== null) throw grantFault.slow_down({ retryAfterSeconds })
    if (!app || !isSecretOf(masterKey, app, secret)) {
      attempts.failed(attempt)
      throw grantFault.invalid_client()
    }
    attempts.succeeded(attempt)
  }

  async #grant(app: App, instance: SiteInstance | null, scope: string | undefined): Promise<Grant> {
    const requested = readScopes(scope ?? '')
    const foreign = requested.names.find(name => !app.scopes.includes(name))
    if (foreign !== undefined && !requested.all)
      throw grantFault.invalid_scope({ scope: foreign.slice(0, 100) })
    const scopes = requested.all || requested.names.length === 0 ? app.scopes : requested.names
    const { token, expiresInSeconds } = await this.#parts.tokens.sign({ is: 'app', app, instance }, scopes, {
      ttlSeconds: APP_TOKEN_SECONDS,
    })
    const granted: Granted = {
      access_token: token,
      token_type: 'Bearer',
      expires_in: expiresInSeconds,
      scope: scopes.join(' '),
    }
    return { granted, app, instance }
  }

  /** For the routes that show an app's credentials. */
  refreshToken(app: App, instance: SiteInstance): string {
    return deriveRefreshToken(this.#parts.masterKey, app, instance.id)
  }
}

const GRANTS = ['client_credentials', 'refresh_token', 'strip_bound_session']

/** For the log: a known grant type, or a word for any other. */
function grantOf({ parameters }: GrantRequest): string {
  const { grant_type: grantType = '' } = parameters
  return GRANTS.includes(grantType) ? grantType : 'other'
}

function basicId(authorization: string): string | undefined {
  try {
    return readBasic(authorization)?.id
  } catch {
    return undefined
  }
}

function checked<P extends GrantRequest['parameters']>(parameters: P): P {
  for (const value of Object.values(parameters)) {
    if (value !== undefined && (value.length > LONGEST_PARAMETER || value.includes('\0'))) {
      throw grantFault.invalid_request({ detail: 'A parameter is too long or not a text.' })
    }
  }
  return parameters
}

function unsupported(grantType: string): Fault {
  const hint =
    grantType === 'authorization_code'
      ? 'Apps are installed by the workspace file: use instance_id with client_credentials, or a refresh token. People sign in at /oidc.'
      : 'Use client_credentials.'
  return grantFault.unsupported_grant_type({ grantType: grantType.slice(0, 100), hint })
}

/** RFC 6749 2.3.1: both halves are form-encoded. Null for another scheme. @throws Fault invalid_client */
function readBasic(header: string): { readonly id: string; readonly secret: string } | null {
  const match = /^basic\s+([a-z0-9+/]+=*)$/i.exec(header.trim())
  if (!match) return null
  const text = Buffer.from(match[1]!, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  try {
    if (colon > 0) return { id: formDecode(text.slice(0, colon)), secret: formDecode(text.slice(colon + 1)) }
  } catch {
    // A stray percent sign.
  }
  throw grantFault.invalid_client()
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

function about(clientId: string | null, instance: SiteInstance | null) {
  return { clientId, instanceId: instance?.id ?? null, siteId: instance?.siteId ?? null }
}

function seconds(at: Date): string {
  return String(Math.floor(at.getTime() / 1000))
}
