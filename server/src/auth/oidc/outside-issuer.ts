// People's tokens from an issuer of the operator's own (OIDC_ISSUER): found by OpenID Connect discovery.

import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Principal } from '../../core/principal.ts'
import type { Directory, Person, Tenant } from '../directory/directory.ts'
import { authFault } from '../faults.ts'
import { personPrincipal } from '../principals.ts'
import { PEOPLE_SCOPES, readScopes } from '../scopes.ts'
import type { IssuerRules, PeopleIssuer } from './people-issuer.ts'

/** Asymmetric algorithms only: a public key must never verify an HMAC. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]
const TIMEOUT_MS = 5_000
/** Pause after a failed discovery, so that callers cannot flood the issuer with requests. */
const RETRY_MS = 10_000

type Found = ReturnType<typeof createRemoteJWKSet>

export class OutsideIssuer implements PeopleIssuer {
  readonly #issuer: string
  readonly #audience: () => string
  readonly #directory: Directory
  readonly #now: () => Date
  #keys: Promise<Found> | null = null
  #failedAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: { issuer: string; audience: () => string; directory: Directory; now: () => Date }) {
    this.#issuer = parts.issuer
    this.#audience = parts.audience
    this.#directory = parts.directory
    this.#now = parts.now
  }

  issuer(): string {
    return this.#issuer
  }

  async verify(token: string, { alg, kid: _kid, ...rules }: IssuerRules): Promise<JWTPayload> {
    if (!ALGORITHMS.includes(alg)) throw authFault.INVALID_TOKEN()
    const keys = await this.#found()
    try {
      const { payload } = await jwtVerify(token, keys, {
        ...rules,
        algorithms: ALGORITHMS,
        issuer: this.#issuer,
        audience: this.#audience(),
      })
      return payload
    } catch (error) {
      if (saysNothingOfTheToken(error)) throw authFault.ISSUER_UNREACHABLE({}, error)
      throw error
    }
  }

  /**
   * The tenant is the one that names this issuer, or the only one there is. In it the person is found by `oid`, `upn`,
   * `preferred_username`, or a verified `email`.
   */
  async principal(claims: JWTPayload): Promise<Principal> {
    // An identity token tells a client who signed in; it gives no permission to call an API.
    if (claims.nonce !== undefined || claims.at_hash !== undefined) throw authFault.INVALID_TOKEN()
    const tenant = await this.#tenant()
    const person = tenant && (await this.#person(tenant, claims))
    if (!person) throw authFault.INVALID_TOKEN()
    const text = [claims.scp, claims.scope].flat().filter(part => typeof part === 'string')
    const known = new Set<string>(PEOPLE_SCOPES)
    const scopes = readScopes(text.join(' ')).names.filter(name => known.has(name))
    const client = claims.azp ?? claims.client_id ?? claims.appid
    return personPrincipal(person, scopes, typeof client === 'string' ? client : null)
  }

  async #tenant(): Promise<Tenant | null> {
    const tenants = await this.#directory.tenants()
    const named = tenants.find(tenant => tenant.issuer === this.#issuer)
    if (named) return named
    const only = tenants.length === 1 ? tenants[0]! : null
    return only?.issuer === null ? only : null
  }

  async #person(tenant: Tenant, claims: JWTPayload): Promise<Person | null> {
    const { oid, upn, preferred_username: username, email, email_verified: isVerified } = claims
    if (typeof oid === 'string') {
      const person = await this.#directory.userById(tenant.id, oid)
      if (person) return person
    }
    for (const name of [upn, username]) {
      const person = typeof name === 'string' ? await this.#directory.user(tenant.id, name) : null
      if (person) return person
    }
    // With an unverified address, anybody could sign in as anybody.
    return typeof email === 'string' && isVerified === true
      ? this.#directory.userByMail(tenant.id, email)
      : null
  }

  async #found(): Promise<Found> {
    if (this.#keys === null) {
      if (this.#now().getTime() - this.#failedAtMs < RETRY_MS) throw authFault.ISSUER_UNREACHABLE()
      this.#keys = this.#discover()
    }
    try {
      return await this.#keys
    } catch (error) {
      this.#keys = null
      this.#failedAtMs = this.#now().getTime()
      throw authFault.ISSUER_UNREACHABLE({}, error)
    }
  }

  async #discover(): Promise<Found> {
    const answer = await fetch(`${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    })
    if (!answer.ok) throw new Error(`discovery answered ${answer.status}`)
    const document = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown }
    if (document.issuer !== this.#issuer) throw new Error('discovery names another issuer')
    if (typeof document.jwks_uri !== 'string') throw new Error('discovery names no keys')
    return createRemoteJWKSet(new URL(document.jwks_uri), { timeoutDuration: TIMEOUT_MS })
  }
}

/** The keys could not be fetched: by jose's codes, or an error of fetch itself. */
function saysNothingOfTheToken(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true
  return (
    error.code === 'ERR_JOSE_GENERIC' ||
    error.code === 'ERR_JWKS_TIMEOUT' ||
    error.code === 'ERR_JWKS_INVALID'
  )
}
