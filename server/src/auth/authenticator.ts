// From the Authorization header to who is calling: tokens are checked by the token verifier, keys are looked up here.

import { isGuid } from '../core/ids.ts'
import type { Principal } from '../core/principal.ts'
import type { ApiKey, Directory } from './directory/directory.ts'
import { authFault } from './faults.ts'
import { appPrincipal, operatorPrincipal } from './principals.ts'
import { isKey } from './tokens/api-keys.ts'
import { hashKey } from './tokens/app-secrets.ts'
import type { TokenVerifier } from './tokens/token-verifier.ts'

/** 'bearer': `Authorization: Bearer <token>`. 'raw': the same, or the token alone, as Wix's SDK sends it. */
export type Scheme = 'bearer' | 'raw'

export type AuthenticateOptions = {
  readonly scheme: Scheme
  /** The header `wix-site-id`: which site an API key acts at. */
  readonly siteId?: string | undefined
}

/** Who is calling, and when that credential ends; null: it has no end of its own. */
export type Authenticated = { readonly principal: Principal; readonly expiresAt: Date | null }

type AuthenticatorNeeds = {
  readonly directory: Directory
  readonly verifier: TokenVerifier
  readonly installationId: string
  readonly now: () => Date
}

export class Authenticator {
  readonly #needs: AuthenticatorNeeds

  constructor(needs: AuthenticatorNeeds) {
    this.#needs = needs
  }

  /** @throws Fault UNAUTHENTICATED for no credential; as `verify` for a bad one */
  async authenticate(header: string | undefined, options: AuthenticateOptions): Promise<Authenticated> {
    const text = header?.trim() ?? ''
    if (text === '') throw authFault.UNAUTHENTICATED()
    const bearer = /^bearer(?:\s+(.*))?$/is.exec(text)
    if (!bearer && (options.scheme === 'bearer' || /\s/.test(text))) throw authFault.UNAUTHENTICATED()
    const token = bearer ? (bearer[1] ?? '') : text
    if (token === '') throw authFault.UNAUTHENTICATED()
    return this.verify(token, options.siteId)
  }

  /** @throws Fault INVALID_TOKEN, TOKEN_EXPIRED, TOKEN_REVOKED (401), NOT_INSTALLED (403) */
  async verify(token: string, siteId: string | undefined): Promise<Authenticated> {
    const { verifier, directory, now } = this.#needs
    if (!isKey(token)) return verifier.verify(token)
    const found = await directory.apiKey(hashKey(token))
    if (!found) throw authFault.INVALID_TOKEN()
    const { expiresAt } = found
    if (expiresAt !== null && expiresAt <= now()) throw authFault.TOKEN_EXPIRED()
    return { principal: await this.#holderOf(found, siteId), expiresAt }
  }

  async #holderOf(found: ApiKey, siteId: string | undefined): Promise<Principal> {
    const { directory, installationId } = this.#needs
    if (found.tenant === null || found.appId === null) {
      const tenants = await directory.tenants()
      // With several tenants the server's key belongs to none of them: to work in one, an operator's token is minted for it.
      const tenant = tenants.length === 1 ? tenants[0]!.id : ''
      return operatorPrincipal({ id: installationId, tenant, server: true })
    }
    const app = await directory.app(found.tenant, found.appId)
    if (!app) throw authFault.TOKEN_REVOKED()
    if (siteId === undefined || siteId === '') {
      // An app that is installed at one site only need not name it.
      const own = (await directory.instances(app.tenant)).filter(instance => instance.appId === app.id)
      return appPrincipal(app, app.scopes, own.length === 1 ? own[0]! : null)
    }
    const instance = isGuid(siteId) ? await directory.instanceAt(app, siteId) : null
    if (!instance) throw authFault.NOT_INSTALLED()
    return appPrincipal(app, app.scopes, instance)
  }
}
