// This folder makes and checks tokens, keys and app secrets, and this file verifies tokens. A token that was
// found valid is remembered until it expires or anything is revoked. This folder must not know what a token
// is used for, and it must not decide what a caller may do to an event.
//
// The header's algorithm is compared with a list, never simply used: `none` and HMAC with a public key fail
// before a key is looked up. Issuer and key id together select the key, among keys that were loaded before.

import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Principal } from '../../core/principal.ts'
import type { Directory } from '../directory/directory.ts'
import { authFault } from '../faults.ts'
import type { PeopleIssuer } from '../oidc/people-issuer.ts'
import { appPrincipal, liveApp, livePerson, operatorPrincipal, personPrincipal } from '../principals.ts'
import type { Revision } from '../revision.ts'
import type { SigningKeys } from './signing-keys.ts'

/** Longer tokens are refused unread, characters. */
const LONGEST_TOKEN = 8_192
const MAX_REMEMBERED = 10_000
const CLOCK_TOLERANCE_SECONDS = 5

type VerifiedToken = {
  readonly principal: Principal
  readonly issuedAt: Date | null
  readonly expiresAt: Date
}

type TokenVerifierParts = {
  readonly keys: SigningKeys
  readonly directory: Directory
  readonly revision: Revision
  readonly people: PeopleIssuer
  /** Issuer and audience of our own tokens. */
  readonly urn: string
  readonly installationId: string
  readonly now: () => Date
}

export class TokenVerifier {
  readonly #parts: TokenVerifierParts
  // The key is the token itself: hashing it would cost more than the rest of a lookup, and the token is in memory anyway.
  readonly #known = new Map<string, VerifiedToken>()
  #knownOf = -1

  constructor(parts: TokenVerifierParts) {
    this.#parts = parts
  }

  /** @throws Fault INVALID_TOKEN, TOKEN_EXPIRED, TOKEN_REVOKED, NOT_INSTALLED */
  async verify(token: string): Promise<VerifiedToken> {
    const revision = this.#parts.revision.fresh() ?? (await this.#parts.revision.current())
    if (revision !== this.#knownOf) {
      this.#known.clear()
      this.#knownOf = revision
    }
    const known = this.#known.get(token)
    if (known) {
      if (known.expiresAt.getTime() > this.#parts.now().getTime()) return known
      this.#known.delete(token)
      throw authFault.TOKEN_EXPIRED()
    }
    const verified = await this.#look(token)
    if (this.#knownOf === revision) {
      if (this.#known.size >= MAX_REMEMBERED) this.#known.delete(this.#known.keys().next().value!)
      this.#known.set(token, verified)
    }
    return verified
  }

  async #look(token: string): Promise<VerifiedToken> {
    if (token.length > LONGEST_TOKEN) throw authFault.INVALID_TOKEN()
    const { issuer, alg, kid } = peek(token)
    const { people, urn, keys } = this.#parts
    const currentDate = this.#parts.now()
    const rules = { currentDate, clockTolerance: CLOCK_TOLERANCE_SECONDS, requiredClaims: ['exp', 'sub'] }
    try {
      if (issuer === urn) {
        const key = alg === 'ES256' ? await keys.verifier(kid, 'ES256') : null
        if (!key) throw authFault.INVALID_TOKEN()
        const { payload } = await jwtVerify(token, key.publicKey, {
          ...rules,
          algorithms: ['ES256'],
          issuer: urn,
          audience: urn,
          typ: 'at+jwt',
          clockTolerance: 0,
        })
        return verified(payload, await this.#ownPrincipal(payload))
      }
      if (issuer !== people.issuer()) throw authFault.INVALID_TOKEN()
      const payload = await people.verify(token, { alg, kid, ...rules })
      return verified(payload, await people.principal(payload))
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw authFault.TOKEN_EXPIRED({}, error)
      if (error instanceof errors.JOSEError) throw authFault.INVALID_TOKEN({}, error)
      throw error
    }
  }

  async #ownPrincipal(claims: JWTPayload): Promise<Principal> {
    const { directory, installationId } = this.#parts
    const { sub, tid, idtyp, gen, scp, azp, instance_id: instanceId } = claims
    if (typeof sub !== 'string' || typeof tid !== 'string' || typeof gen !== 'number')
      throw authFault.INVALID_TOKEN()
    const who = { tenant: tid, id: sub, generation: gen }
    const scopes = typeof scp === 'string' && scp !== '' ? scp.split(' ') : []
    switch (idtyp) {
      case 'user':
        return personPrincipal(await livePerson(directory, who), scopes, typeof azp === 'string' ? azp : null)
      case 'app': {
        const app = await liveApp(directory, who)
        if (instanceId === undefined) return appPrincipal(app, scopes, null)
        const instance = typeof instanceId === 'string' ? await directory.instance(app, instanceId) : null
        if (!instance) throw authFault.NOT_INSTALLED()
        return appPrincipal(app, scopes, instance)
      }
      case 'operator':
        if ((await directory.tenant(tid))?.operatorGeneration !== gen) throw authFault.TOKEN_REVOKED()
        return operatorPrincipal({ id: installationId, tenant: tid, server: false })
      default:
        throw authFault.INVALID_TOKEN()
    }
  }
}

/** The unverified claims by which the key is selected; they are not trusted. @throws Fault INVALID_TOKEN */
function peek(token: string): { issuer: string; alg: string; kid: string } {
  try {
    const { alg, kid, crit } = decodeProtectedHeader(token)
    const { iss } = decodeJwt(token)
    if (typeof alg === 'string' && typeof iss === 'string' && crit === undefined) {
      return { issuer: iss, alg, kid: typeof kid === 'string' ? kid : '' }
    }
  } catch (error) {
    throw authFault.INVALID_TOKEN({}, error)
  }
  throw authFault.INVALID_TOKEN()
}

function verified(claims: JWTPayload, principal: Principal): VerifiedToken {
  const { exp, iat } = claims
  if (typeof exp !== 'number') throw authFault.INVALID_TOKEN()
  return {
    principal,
    issuedAt: typeof iat === 'number' ? new Date(iat * 1000) : null,
    expiresAt: new Date(exp * 1000),
  }
}
