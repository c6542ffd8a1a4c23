// Who is calling: found once per request, before the body is looked at, and kept beside it.

import type { FastifyRequest } from 'fastify'
import type { Principal } from '../../core/principal.ts'
import { nativeFault } from './faults.ts'
import type { NativeNeeds } from './needs.ts'

export class Callers {
  readonly #auth: NativeNeeds['auth']
  readonly #known = new WeakMap<FastifyRequest, Principal>()

  constructor(auth: NativeNeeds['auth']) {
    this.#auth = auth
  }

  /**
   * A bearer token first. A browser's cookie counts only for looking (GET): a page elsewhere can make a browser send it
   * along with a POST, never with an Authorization header.
   */
  async identify(request: FastifyRequest): Promise<Principal> {
    const { authorization } = request.headers
    if (authorization === undefined && request.method === 'GET') {
      const signedIn = await this.#auth.session(request)
      if (signedIn) {
        this.#known.set(request, signedIn)
        return signedIn
      }
    }
    const principal = await this.#auth.authenticate(authorization, { scheme: 'bearer' })
    this.#known.set(request, principal)
    return principal
  }

  /** Who calls, in a tenant. @throws Fault TENANT_NEEDED for the server's own key where there are several tenants, or none */
  of(request: FastifyRequest): Principal {
    const principal = this.ofAnyTenant(request)
    if (principal.tenant === '') throw nativeFault.TENANT_NEEDED()
    return principal
  }

  /** As `of`, for calls that are not about one tenant: its tenant may be ''. */
  ofAnyTenant(request: FastifyRequest): Principal {
    const principal = this.#known.get(request)
    if (!principal) throw new Error(`${request.method} ${request.url} was routed without asking who calls`)
    return principal
  }
}
