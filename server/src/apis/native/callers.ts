// Who is calling. Each request is identified once, before its body is read, and the result is kept with it.

import type { FastifyRequest } from 'fastify'
import type { Auth } from '../../auth/auth.ts'
import type { Principal } from '../../core/principal.ts'
import { nativeFault } from './faults.ts'

type CallerAuth = Pick<Auth, 'authenticate' | 'session'>

export class Callers {
  readonly #auth: CallerAuth
  readonly #known = new WeakMap<FastifyRequest, Principal>()

  constructor(auth: CallerAuth) {
    this.#auth = auth
  }

  /**
   * By a bearer token, or, for GET only, by a browser's cookie. A foreign page can make a browser send its cookie with a POST, but it
   * cannot add an Authorization header.
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

  /** The caller, in a tenant. @throws Fault TENANT_NEEDED for the server's own key when there are several tenants, or none */
  of(request: FastifyRequest): Principal {
    const principal = this.ofAnyTenant(request)
    if (principal.tenant === '') throw nativeFault.TENANT_NEEDED()
    return principal
  }

  /** As `of`, for calls that are not about one tenant: the tenant may be ''. */
  ofAnyTenant(request: FastifyRequest): Principal {
    const principal = this.#known.get(request)
    if (!principal) throw new Error(`${request.method} ${request.url} was routed without asking who calls`)
    return principal
  }
}
