// This folder signs people in by OpenID Connect. This file has the issuer whose people's tokens are accepted:
// the built-in one, or an outside one, never both. It must not decide what a person may do: it says who
// somebody is.

import type { JWTPayload, JWTVerifyOptions } from 'jose'
import { jwtVerify } from 'jose'
import type { Principal } from '../../core/principal.ts'
import type { Directory } from '../directory/directory.ts'
import { authFault } from '../faults.ts'
import { liveApp, livePerson, personPrincipal } from '../principals.ts'
import { peopleScopesOf, readScopes } from '../scopes.ts'
import type { SigningKeys } from '../tokens/signing-keys.ts'

export type IssuerRules = Pick<JWTVerifyOptions, 'currentDate' | 'clockTolerance' | 'requiredClaims'> & {
  /** The algorithms, as a token's header names them. */
  readonly alg: string
  readonly kid: string
}

export interface PeopleIssuer {
  /** Null while it is not known yet (before the server listens). */
  issuer(): string | null
  /** Signature, issuer, audience and times. @throws Fault, or an error of jose */
  verify(token: string, rules: IssuerRules): Promise<JWTPayload>
  /** The person that the claims name. Signing in never creates a person. @throws Fault INVALID_TOKEN, TOKEN_REVOKED */
  principal(claims: JWTPayload): Promise<Principal>
}

/** Path of the built-in issuer below the public URL. */
export const OIDC_PATH = '/oidc'

export class BuiltInIssuer implements PeopleIssuer {
  readonly #parts: {
    readonly keys: SigningKeys
    readonly directory: Directory
    readonly origin: () => string | null
  }

  constructor(parts: { keys: SigningKeys; directory: Directory; origin: () => string | null }) {
    this.#parts = parts
  }

  issuer(): string | null {
    const origin = this.#parts.origin()
    return origin === null ? null : `${origin}${OIDC_PATH}`
  }

  async verify(token: string, { alg, kid, ...rules }: IssuerRules): Promise<JWTPayload> {
    const key = alg === 'ES256' ? await this.#parts.keys.verifier(kid, 'ES256') : null
    if (!key) throw authFault.INVALID_TOKEN()
    const { payload } = await jwtVerify(token, key.publicKey, {
      ...rules,
      algorithms: ['ES256'],
      issuer: this.issuer()!,
      audience: this.#parts.origin()!,
      typ: 'at+jwt',
    })
    return payload
  }

  async principal(claims: JWTPayload): Promise<Principal> {
    const { sub, tid, gen, agen, scope, client_id: client } = claims
    if (typeof sub !== 'string' || typeof tid !== 'string' || typeof client !== 'string')
      throw authFault.INVALID_TOKEN()
    if (typeof gen !== 'number' || typeof agen !== 'number') throw authFault.INVALID_TOKEN()
    const { directory } = this.#parts
    const person = await livePerson(directory, { tenant: tid, id: sub, generation: gen })
    const app = await liveApp(directory, { tenant: tid, id: client, generation: agen })
    const requested = readScopes(typeof scope === 'string' ? scope : '').names
    // At most the scopes that the app has now, whatever its token was issued with.
    const scopes = peopleScopesOf(app).filter(name => requested.includes(name))
    return personPrincipal(person, scopes, app.id)
  }
}
